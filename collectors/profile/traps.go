package profile

import (
	"regexp"

	"github.com/aisle-dcim/aisle/models"
)

// TrapRule says what a notification means.
type TrapRule struct {
	// OID is the value of snmpTrapOID; for SNMPv1 the enterprise, 0 and the
	// specific number (RFC 3584 section 3.1).
	OID string `yaml:"oid"`
	// Name is that of the MIB.
	Name string `yaml:"name"`
	// Text is for people: plain words, which can be translated, and behind
	// them, after a colon, what the device said: {name} stands for the value of
	// a variable in Profile.TrapVariables.
	Text     string          `yaml:"text"`
	Severity models.Severity `yaml:"severity"`
	// Clears is the OID of the trap that this one ends; mostly empty.
	Clears string `yaml:"clears"`
}

var (
	trapNameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
	trapVariable = regexp.MustCompile(`\{([^}]*)\}`)
	// trapText: words without a colon, then the variables.
	trapText = regexp.MustCompile(`^[^:{}]+(: \{[^{}]+\}(, \{[^{}]+\})*)?$`)
)

func (c *checker) traps(p *Profile) {
	for name, oid := range p.TrapVariables {
		line := c.line("trap_variables", name)
		c.oid(oid, line)
		if oid == "" || !trapNameForm.MatchString(name) {
			c.fault(line, "trap variable %q: give a name of the MIB and its OID", name)
		}
	}
	for name, severities := range p.TrapSeverities {
		line := c.line("trap_severities", name)
		if p.TrapVariables[name] == "" {
			c.fault(line, "trap severities: %s is not in trap_variables", name)
		}
		for _, s := range severities {
			c.severity(s, line)
		}
	}
	seen := map[string]bool{}
	for i := range p.Traps {
		t := &p.Traps[i]
		line := c.line("traps", i)
		c.oid(t.OID, line)
		c.severity(t.Severity, line)
		switch {
		case t.OID == "":
			c.fault(line, "trap %s has no OID", t.Name)
		case seen[t.OID]:
			c.fault(line, "trap %s is there twice", t.OID)
		}
		seen[t.OID] = true
		if !trapNameForm.MatchString(t.Name) {
			c.fault(line, "trap %s: name %q is not that of a MIB", t.OID, t.Name)
		}
		if t.Text == "" || t.Severity == "" {
			c.fault(line, "trap %s needs a text and a severity", t.Name)
		}
		if t.Text != "" && !trapText.MatchString(t.Text) {
			c.fault(line, "trap %s: text %q is not of the form \"words\" or \"words: {variable}, {variable}\"", t.Name, t.Text)
		}
		for _, m := range trapVariable.FindAllStringSubmatch(t.Text, -1) {
			if p.TrapVariables[m[1]] == "" {
				c.fault(line, "trap %s: {%s} is not in trap_variables", t.Name, m[1])
			}
		}
	}
	for i := range p.Traps {
		t := &p.Traps[i]
		if t.Clears != "" && (!seen[t.Clears] || t.Clears == t.OID) {
			c.fault(c.line("traps", i), "trap %s clears %s, which is no other trap of this profile", t.Name, t.Clears)
		}
	}
}
