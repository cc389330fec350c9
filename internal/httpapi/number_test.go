package httpapi

import (
	"regexp"
	"testing"

	"contactd/internal/config"
)

// What a customer types never reaches a dial string but as a plus and digits.
func FuzzParseNumber(f *testing.F) {
	c := &config.Config{Region: "DE", Numbers: config.Numbers{Countries: []string{"DE", "US", "IN"}}}
	for _, seed := range []string{"030 123456", "+49 30 123456", "0049-30/123456", "+1 (212) 555-0123", "112", "+91 1 123", "٠٣٠١٢٣٤٥٦", "030 123456;ext=2", "+", "+49 30 123456&x"} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	f.Fuzz(func(t *testing.T, text string) {
		number, p := parseNumber(text, c)
		if (p == nil) != form.MatchString(number) {
			t.Errorf("%q gives %q and %v", text, number, p)
		}
		if p == nil {
			if again, p := parseNumber(number, c); p != nil || again != number {
				t.Errorf("%q gives %q, and that gives %q and %v", text, number, again, p)
			}
		}
	})
}
