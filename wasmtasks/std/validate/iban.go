package validate

import (
	"context"
	"strings"
)

// ibanLengths has the length of an IBAN by country, after the registry that
// SWIFT keeps for ISO 13616.
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 " +
	"FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 " +
	"MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 " +
	"UA29 VA22 VG24 XK20 YE30"

// IBAN judges an International Bank Account Number (ISO 13616-1): the length of
// its country and the check digits modulo 97. Spaces may group it.
func IBAN(_ context.Context, in Input) (Output, error) {
	text := strings.ToUpper(strings.ReplaceAll(in.Text, " ", ""))
	if len(text) < 5 {
		return invalid("is too short")
	}
	for _, c := range text {
		if !letterOrDigit(c) {
			return invalid("%q may not be in it", c)
		}
	}
	at := strings.Index(ibanLengths, text[:2])
	if at%5 != 0 {
		return invalid("%q is not a country with IBANs", text[:2])
	}
	if want := int(ibanLengths[at+2]-'0')*10 + int(ibanLengths[at+3]-'0'); len(text) != want {
		return invalid("has %d signs, not the %d of country %s", len(text), want, text[:2])
	}
	if mod97(text[4:]+text[:4]) != 1 {
		return invalid("the check digits are not right")
	}
	return valid(text)
}

// mod97 reads letters as 10 to 35 (ISO/IEC 7064).
func mod97(text string) int {
	rest := 0
	for i := range len(text) {
		if c := text[i]; c <= '9' {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest
}
