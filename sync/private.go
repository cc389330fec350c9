package pagesync

import "strings"

// Parts of names that only private fields have, compared in lower case without separators.
var privateParts = []string{
	"passw", "passphrase", "kennwort", "creditcard", "cardnum", "cardno", "ccnum", "kreditkart", "kartennummer",
	"cvv", "cvc", "securitycode", "secret", "onetimecode", "socialsecurity",
}

// Words that mark a private field when they stand alone: as parts of words they would be too common.
var privateWords = map[string]bool{
	"pwd": true, "pw": true, "pin": true, "tan": true, "otp": true, "csc": true, "ssn": true, "iban": true, "token": true,
	"totp": true, "mfa": true,
}

// privateField says whether a field's name is that of a password, a card or the like.
func privateField(name string) bool {
	var joined, word strings.Builder
	private := false
	end := func() {
		private = private || privateWords[word.String()]
		word.Reset()
	}
	lower := false
	for _, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			if lower { // camelCase begins a word.
				end()
			}
			r += 'a' - 'A'
			lower = false
		case r >= 'a' && r <= 'z':
			lower = true
		default:
			end()
			lower = false
			continue
		}
		joined.WriteRune(r)
		word.WriteRune(r)
	}
	end()
	for _, part := range privateParts {
		private = private || strings.Contains(joined.String(), part)
	}
	return private
}

// privateText says whether the text has the number of a payment card in it: a run of 13 to 19 digits, perhaps with
// single spaces, dots or hyphens, of a known issuer and with a right check digit (ISO/IEC 7812).
func privateText(text string) bool {
	var digits []byte
	separated := false
	for i := 0; i <= len(text); i++ {
		var c byte
		if i < len(text) {
			c = text[i]
		}
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
			separated = false
		case (c == ' ' || c == '-' || c == '.') && len(digits) > 0 && !separated:
			separated = true
		default:
			if hasCard(digits) {
				return true
			}
			digits, separated = digits[:0], false
		}
	}
	return false
}

// hasCard looks at every part of the run, because an amount or a date may stand beside the number.
func hasCard(digits []byte) bool {
	for from := range digits {
		for length := 13; length <= 19 && from+length <= len(digits); length++ {
			number := digits[from : from+length]
			// Inside a longer run only whole blocks of a card's usual length count, else every tenth long number would.
			if len(digits) > 19 && length != 16 {
				continue
			}
			if len(digits) <= 19 && length != len(digits) && length < 15 {
				continue
			}
			if isCard(number) {
				return true
			}
		}
	}
	return false
}

func isCard(d []byte) bool {
	prefix := func(n int) int {
		value := 0
		for _, c := range d[:n] {
			value = value*10 + int(c-'0')
		}
		return value
	}
	n := len(d)
	two, four := prefix(2), prefix(4)
	known := false
	switch {
	case d[0] == '4':
		known = n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720:
		known = n == 16
	case two == 34 || two == 37:
		known = n == 15
	case two == 36 || two == 38 || two == 39 || four >= 3000 && four <= 3059:
		known = n == 14 || n == 16
	case two == 35, four == 6011, two == 62, two == 64, two == 65, two == 50, two >= 56 && two <= 59, two == 67:
		known = n >= 16
	}
	if !known {
		return false
	}
	sum := 0
	for i, c := range d {
		value := int(c - '0')
		if (n-i)%2 == 0 {
			if value *= 2; value > 9 {
				value -= 9
			}
		}
		sum += value
	}
	return sum%10 == 0
}
