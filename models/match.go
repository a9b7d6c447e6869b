package models

import "strings"

// MatchCode is a stable word for one thing that the choice of a device profile
// rests on.
type MatchCode string

// The reasons for which a profile is proposed.
const (
	// MatchExact: the device's sysObjectID is one that the profile lists;
	// MatchPrefix: it begins with one. The value is what the profile lists.
	MatchExact  MatchCode = "sysobjectid-exact"
	MatchPrefix MatchCode = "sysobjectid-prefix"
	// MatchNameless: the agent has no sysObjectID of a maker that is known, and
	// the profile's objects stand for it.
	MatchNameless MatchCode = "nameless"
	// MatchDescription: words of the description were found.
	MatchDescription MatchCode = "description"
	// MatchObject: an object or subtree answered; the value is its identifier.
	MatchObject MatchCode = "object"
	// MatchValue: an object or register has one of the values that the profile
	// expects; the value names it.
	MatchValue MatchCode = "value"
	// MatchDeviceID and MatchServerID: the texts of Modbus function 43/14, and
	// the answer of function 17.
	MatchDeviceID MatchCode = "device-id"
	MatchServerID MatchCode = "server-id"
	// MatchMaker: the maker and model that a Modbus device gives in its registers;
	// MatchSunSpec: it has the SunSpec model of that number.
	MatchMaker   MatchCode = "maker"
	MatchSunSpec MatchCode = "sunspec"
	// MatchOther is what an earlier release kept in words of its own.
	MatchOther MatchCode = "other"
)

// MatchCodes returns all codes.
func MatchCodes() []MatchCode {
	return []MatchCode{MatchExact, MatchPrefix, MatchNameless, MatchDescription, MatchObject, MatchValue, MatchDeviceID, MatchServerID, MatchMaker, MatchSunSpec, MatchOther}
}

// MatchReason is one thing that the choice of a profile rests on.
type MatchReason struct {
	Code MatchCode
	// Value is an identifier or register; empty where the code says all.
	Value string
}

// MatchSeparator stands between reasons in one text.
const MatchSeparator = "; "

// String writes a reason as "object 1.3.6.1.2.1.33".
func (r MatchReason) String() string {
	if r.Value == "" {
		return string(r.Code)
	}
	return string(r.Code) + " " + r.Value
}

// MatchReasons reads reasons that were written with MatchSeparator between
// them. A text without a known code is kept whole.
func MatchReasons(text string) []MatchReason {
	if text == "" {
		return nil
	}
	var out []MatchReason
	for _, part := range strings.Split(text, MatchSeparator) {
		code, value, _ := strings.Cut(part, " ")
		if !known(MatchCode(code)) {
			return []MatchReason{{Code: MatchOther, Value: text}}
		}
		out = append(out, MatchReason{Code: MatchCode(code), Value: value})
	}
	return out
}

func known(code MatchCode) bool {
	for _, c := range MatchCodes() {
		if c == code && c != MatchOther {
			return true
		}
	}
	return false
}

// NamesProduct tells whether the device itself says what it is, so that the
// choice does not rest on single objects or registers alone.
func NamesProduct(reasons []MatchReason) bool {
	for _, r := range reasons {
		switch r.Code {
		case MatchExact, MatchPrefix, MatchDescription, MatchDeviceID, MatchServerID, MatchMaker, MatchSunSpec:
			return true
		case MatchNameless, MatchObject, MatchValue, MatchOther:
		}
	}
	return false
}
