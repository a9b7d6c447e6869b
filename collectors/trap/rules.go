package trap

import (
	"regexp"
	"strings"

	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/models"
)

// rules say what notifications mean, and what their variables are called.
type rules struct {
	traps   map[string]*profile.TrapRule
	objects map[string]string
}

func newRules(lib *profile.Library) *rules {
	r := &rules{traps: map[string]*profile.TrapRule{}, objects: map[string]string{}}
	if lib == nil {
		return r
	}
	for _, p := range lib.All() {
		for i := range p.Traps {
			t := &p.Traps[i]
			r.traps[t.OID] = t
			// Known both ways, but for another notification of that name.
			if short := withoutZero(t.OID); r.traps[short] == nil {
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
	rule := r.traps[n.oid]
	if rule == nil {
		rule = r.traps[withoutZero(n.oid)]
	}
	if rule == nil {
		return
	}
	t.Name, t.Severity = rule.Name, rule.Severity
	t.Text = placeholder.ReplaceAllStringFunc(rule.Text, func(s string) string {
		if v := values[s[1:len(s)-1]]; v != "" {
			return v
		}
		return "?"
	})
	if end := r.traps[rule.Clears]; end != nil {
		t.Clears = end.Name
	}
}
