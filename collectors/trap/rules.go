package trap

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// rules say what notifications mean, and what their variables are called.
type rules struct {
	traps   map[string]rule
	objects map[string]string
}

// rule is one notification with the severities that its profile gives to
// values of variables.
type rule struct {
	*profile.TrapRule
	severities map[string]map[string]models.Severity
}

func newRules(lib *profile.Library) *rules {
	r := &rules{traps: map[string]rule{}, objects: map[string]string{}}
	if lib == nil {
		return r
	}
	for _, p := range lib.All() {
		for i := range p.Traps {
			t := rule{&p.Traps[i], p.TrapSeverities}
			r.traps[t.OID] = t
			// Known both ways, but for another notification of that name.
			if short := withoutZero(t.OID); r.traps[short].TrapRule == nil {
				r.traps[short] = t
			}
		}
		for name, oid := range p.TrapVariables {
			r.objects[oid] = name
		}
	}
	return r
}

// withoutZero turns 1.3.6.1.4.1.9.0.5 into 1.3.6.1.4.1.9.5: notifications of
// SMIv1 are written and sent either way.
func withoutZero(oid string) string {
	i := strings.LastIndex(oid, ".0.")
	if i < 0 || strings.Contains(oid[i+3:], ".") {
		return oid
	}
	return oid[:i] + oid[i+2:]
}

// nameOf names an object of which oid is an instance; empty when nobody knows.
func (r *rules) nameOf(oid string) string {
	for at := oid; ; {
		if name, ok := r.objects[at]; ok {
			return name
		}
		i := strings.LastIndexByte(at, '.')
		if i < 0 {
			return ""
		}
		at = at[:i]
	}
}

var placeholder = regexp.MustCompile(`\{[A-Za-z][A-Za-z0-9-]*\}`)

// explain puts into words what a notification says.
func (r *rules) explain(t *Trap, n *notification) {
	t.OID, t.Name, t.Severity = n.oid, n.oid, models.SeverityUnknown
	values := map[string]string{}
	for _, v := range n.variables {
		name := r.nameOf(v.oid)
		t.Variables = append(t.Variables, models.EventVariable{Name: name, OID: v.oid, Value: v.text})
		if _, ok := values[name]; !ok && name != "" {
			values[name] = v.text
		}
	}
	known, ok := r.traps[n.oid]
	if !ok {
		known, ok = r.traps[withoutZero(n.oid)]
	}
	if !ok {
		return
	}
	t.Name, t.Severity = known.Name, known.severity(values)
	t.Text = told(known.Text, values)
	if end, ok := r.traps[known.Clears]; ok {
		t.Clears = end.Name
	}
}

// severity is that of the notification; where the profile leaves it open, the
// worst that the values of its variables stand for.
func (r rule) severity(values map[string]string) models.Severity {
	s := r.Severity
	if s != models.SeverityUnknown {
		return s
	}
	for name, by := range r.severities {
		if told, ok := by[strings.ToLower(values[name])]; ok && severityRank(told) > severityRank(s) {
			s = told
		}
	}
	return s
}

func severityRank(s models.Severity) int {
	return slices.Index([]models.Severity{models.SeverityUnknown, models.SeverityOK, models.SeverityInfo, models.SeverityWarning, models.SeverityCritical}, s)
}

// told puts the values into the text of a rule: "words: value, value". What a
// device did not send, or what repeats the words or another value, is left out.
func told(text string, values map[string]string) string {
	words, variables, _ := strings.Cut(text, ": ")
	var said []string
	for _, m := range placeholder.FindAllString(variables, -1) {
		v := strings.TrimSpace(values[m[1:len(m)-1]])
		if v != "" && !repeats(words, v) && !slices.ContainsFunc(said, func(s string) bool { return repeats(s, v) }) {
			said = append(said, v)
		}
	}
	if len(said) == 0 {
		return words
	}
	return words + ": " + strings.Join(said, ", ")
}

// repeats tells whether a value has no word that text has not.
func repeats(text, value string) bool {
	known := strings.FieldsFunc(strings.ToLower(text), notWord)
	for _, w := range strings.FieldsFunc(strings.ToLower(value), notWord) {
		if !slices.Contains(known, w) {
			return false
		}
	}
	return true
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
