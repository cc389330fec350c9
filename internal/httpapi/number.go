package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"contactd/internal/config"
)

// maxNumber is the longest text that is looked at as a number.
const maxNumber = 40

// maxE164 is a plus and the 15 digits that a number may have (ITU-T E.164).
const maxE164 = 16

// satelliteCodes are the country codes of satellite networks and of international numbers that cost more than a call
// (ITU-T E.164: 870 Inmarsat, 878 UPT, 881 global mobile satellite, 882 and 883 international networks, 888, 979
// international premium rate).
var satelliteCodes = []int32{870, 878, 881, 882, 883, 888, 979}

// parseNumber reads a number as people write it, and refuses those that are not to be called. The result is E.164:
// a plus and digits, nothing else.
func parseNumber(text string, c *config.Config) (string, *Problem) {
	refuse := func(code, format string, args ...any) (string, *Problem) {
		return "", problem(http.StatusUnprocessableEntity, code, format, args...)
	}
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxNumber {
		return refuse(CodeNumberInvalid, "give a telephone number, as +49 30 123456")
	}
	for _, r := range text {
		// Letters would be read as keys, and an extension would have to be dialled after the answer.
		if (r < '0' || r > '9') && !strings.ContainsRune("+-/(). \u00a0", r) {
			return refuse(CodeNumberInvalid, "the number may have digits, spaces and + - / ( ) . only")
		}
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
	international := strings.HasPrefix(text, "+") || strings.HasPrefix(digits, "00")
	for _, region := range append([]string{c.Region}, c.Numbers.Countries...) {
		if international { // +91 1… is India and not 911.
			break
		}
		if phonenumbers.IsEmergencyNumber(digits, region) || phonenumbers.ConnectsToEmergencyNumber(digits, region) {
			return refuse(CodeNumberEmergency, "emergency numbers are not called; dial it on your own telephone")
		}
	}
	number, err := phonenumbers.Parse(text, c.Region)
	if err != nil {
		return refuse(CodeNumberInvalid, "this is no telephone number; give it with area code, as +49 30 123456")
	}
	if slices.Contains(satelliteCodes, number.GetCountryCode()) {
		return refuse(CodeNumberKind, "satellite and international special numbers are not called; give another number")
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	if phonenumbers.IsPossibleShortNumberForRegion(number, c.Region) && !phonenumbers.IsValidNumber(number) || len(digits) < 5 {
		return refuse(CodeNumberKind, "short numbers are not called; give a number with area code")
	}
	if !phonenumbers.IsValidNumber(number) || len(e164) > maxE164 {
		return refuse(CodeNumberInvalid, "this number does not exist; look at it again, area code included")
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN, phonenumbers.PAGER, phonenumbers.PERSONAL_NUMBER:
		return refuse(CodeNumberKind, "numbers with a special rate are not called; give an ordinary number")
	}
	if country := phonenumbers.GetRegionCodeForNumber(number); !slices.Contains(c.Numbers.Countries, country) {
		return refuse(CodeNumberCountry, "numbers of this country are not called; called are: %s", strings.Join(c.Numbers.Countries, ", "))
	}
	return e164, nil
}

// hint shows a person which number is meant without showing it to anybody else.
func hint(e164 string) string {
	if len(e164) < 6 {
		return ""
	}
	return "…" + e164[len(e164)-2:]
}
