package pagesync

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var shop = Site{
	Origins:          []string{"https://shop.example", "http://localhost:8090"},
	SecretParameters: []string{"basket"},
	ExcludedPaths:    []string{"/admin", "/account/delete/"},
}

func TestSiteCheck(t *testing.T) {
	for _, c := range []struct {
		address, want string
		code          Code
	}{
		{"https://shop.example/cart?item=1&x=a%20b#pay", "https://shop.example/cart?item=1&x=a%20b", ""},
		{"https://shop.example:443/", "https://shop.example:443/", ""},
		{"http://localhost:8090/?token=abc", "http://localhost:8090/", ""},
		{"https://shop.example/?a=1&access_token=q&b=2&Basket=7&sid=9", "https://shop.example/?a=1&b=2", ""},
		{"https://shop.example/?a=1;%74oken=2", "https://shop.example/?a=1", ""},
		{"https://shop.example/?next=eyJhbGciOi.eyJzdWIi.c2ln", "https://shop.example/", ""},
		{"https://shop.example/p;jsessionid=4711?a=1", "https://shop.example/p?a=1", ""},
		{"https://shop.example/?n=4111+1111+1111+1111", "https://shop.example/", ""},
		{"https://SHOP.example/", "https://SHOP.example/", ""},
		{"https://other.example/", "", URLNotAllowed},
		{"https://shop.example.evil.example/", "", URLNotAllowed},
		{"http://localhost:8091/", "", URLNotAllowed},
		{"http://shop.example/", "", URLInvalid},
		{"javascript:alert(1)", "", URLInvalid},
		{"data:text/html,x", "", URLInvalid},
		{"//shop.example/", "", URLInvalid},
		{"https://user:word@shop.example/", "", URLInvalid},
		{"https://shop.example\\@evil.example/", "", URLInvalid},
		{"https://shop.ex\tample/", "", URLInvalid},
		{"https:///shop.example/", "", URLInvalid},
		{"", "", URLInvalid},
		{"https://shop.example/admin", "", URLExcluded},
		{"https://shop.example/a/../Admin/users?x=1", "", URLExcluded},
		{"https://shop.example/%61dmin", "", URLExcluded},
		{"https://shop.example//admin/", "", URLExcluded},
		{"https://shop.example/account/delete", "", URLExcluded},
		{"https://shop.example/administration", "https://shop.example/administration", ""},
		{"https://shop.example/" + strings.Repeat("a", MaxURL), "", TooLong},
	} {
		got, refusal := shop.Check(c.address)
		var code Code
		if refusal != nil {
			code = refusal.Code
		}
		if got != c.want || code != c.code {
			t.Errorf("%s: got %q %q, want %q %q", c.address, got, code, c.want, c.code)
		}
	}
}

// What passes is of the site, has no fragment and no secret, and passes again unchanged.
func TestSiteCheckHolds(t *testing.T) {
	part := rapid.SampledFrom([]string{
		"https:", "http:", "/", "//", "shop.example", "localhost:8090", "@", "a:b@", "?", "&", "=", ";", "#", "token", "%74oken",
		"admin", "..", "%2e%2e", "evil.example", ":443", "\\", "\t", "x", "é", ".", "%",
	})
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "https://shop.example", "https://shop.example/"}).Draw(t, "prefix")
		address := prefix + strings.Join(rapid.SliceOfN(part, 0, 9).Draw(t, "parts"), "")
		got, refusal := shop.Check(address)
		if refusal != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || strings.Contains(got, "#") || !shop.HasOrigin(origin(u)) {
			t.Fatalf("%q passed as %q", address, got)
		}
		for name := range u.Query() {
			if strings.Contains(strings.ToLower(name), "token") {
				t.Fatalf("%q kept a secret: %q", address, got)
			}
		}
		if again, refusal := shop.Check(got); refusal != nil || again != got {
			t.Fatalf("%q passed as %q, which passes as %q (%v)", address, got, again, refusal)
		}
	})
}

func TestPrivate(t *testing.T) {
	for _, name := range []string{
		"password", "form0/userPassword", "cc-number/cardNumber", "card_number", "order/cvv", "login/pin", "PIN", "userPin", "otp",
		"Kreditkarten-Nummer", "new-passwort", "api_secret",
	} {
		if !privateField(name) {
			t.Errorf("field %q is not taken for private", name)
		}
	}
	for _, name := range []string{"order/city", "shipping", "pinkColour", "spinner", "company", "compass", "otpional", "f/street", "tango"} {
		if privateField(name) {
			t.Errorf("field %q is taken for private", name)
		}
	}
	for _, text := range []string{
		"4111111111111111", "my card is 4111 1111 1111 1111, thanks", "5500-0000-0000-0004", "340000000000009", "30000000000004",
		"6011.0000.0000.0004", "x4111111111111111y", "12/28 4111111111111111 123",
	} {
		if !privateText(text) {
			t.Errorf("%q is not taken for a card", text)
		}
	}
	for _, text := range []string{"", "4111111111111112", "+49 30 1234567", "2026-03-01 10:00", "order 100200300", "4111 apples and 1111 pears"} {
		if privateText(text) {
			t.Errorf("%q is taken for a card", text)
		}
	}
}
