package profile

import (
	"slices"
	"strings"
)

// Trials are the profiles that an agent may be read by, in the order in which
// they are tried until it holds something of one.
type Trials struct {
	All []Candidate
	// Said counts those at the beginning that fit what the agent says of itself.
	// The others fit the objects that it holds, for one that holds nothing of
	// what its sysObjectID promises.
	Said int
}

// Trials returns the profiles to try on an agent. The view must show what
// MatchNeeds lists for it; all that fit what it holds are found only when the
// view shows what MatchNeeds lists for no sysObjectID as well.
//
// No generic profile takes the place of a family that the sysObjectID names:
// what every agent has tells nothing of a device whose own objects are away.
func (l *Library) Trials(view View) Trials {
	id := view.Scalar(SysObjectIDOID).String()
	said, named := l.MatchSNMP(view), l.Names(id)
	generic := func(c Candidate) bool { return c.Profile.Generic() }
	if named && len(said) > 1 {
		said = append(said[:1:1], slices.DeleteFunc(said[1:], generic)...)
	}
	t := Trials{All: said, Said: len(said)}
	if l.Foreign(id) { // then its objects stand for the sysObjectID already
		return t
	}
	for _, c := range l.MatchSNMP(unnamed{view}) {
		tried := slices.ContainsFunc(said, func(s Candidate) bool { return s.Profile == c.Profile })
		if !tried && (!named || !generic(c)) {
			t.All = append(t.All, c)
		}
	}
	return t
}

// From are the candidates from the one at i on: the profile that an agent is
// read by, and what would fit as well for the same reason.
func (t Trials) From(i int) []Candidate {
	if i < t.Said {
		return t.All[i:t.Said]
	}
	return t.All[i:]
}

// Recognise applies the first profile of the trials that an agent holds something
// of, and returns what else would fit, from that one on. The device is nil when
// it holds nothing of any; then the candidates are those that fit what it says of
// itself.
func (l *Library) Recognise(view View) (*Device, []Candidate) {
	t := l.Trials(view)
	for i, c := range t.All {
		if d, err := c.Profile.Resolve(view); err == nil {
			return d, t.From(i)
		}
	}
	return nil, t.All[:t.Said]
}

// Generic tells whether the profile is for what agents of any maker have. One that
// stands below others by its priority need not be: it may be for what several
// devices of one maker carry.
func (p *Profile) Generic() bool {
	return p.Priority < 0 && !slices.ContainsFunc(p.Match, func(m Match) bool { return m.ofMaker() })
}

// ofMaker tells whether the entry asks for something of a maker of devices.
func (m *Match) ofMaker() bool {
	return slices.ContainsFunc(slices.Concat(m.SysObjectID, m.Present), func(oid string) bool {
		return strings.HasPrefix(oid, makers) && !slices.ContainsFunc(hosts, func(h string) bool { return strings.HasPrefix(oid, h) })
	})
}

// makers is where the objects of each maker are; hosts are those of NET-SNMP, that
// every Linux host has.
const makers = "1.3.6.1.4.1."

var hosts = []string{"1.3.6.1.4.1.2021.", "1.3.6.1.4.1.8072."}

// Names tells whether a sysObjectID is that of a family which a profile is for.
func (l *Library) Names(sysObjectID string) bool {
	if nameless(sysObjectID) {
		return false
	}
	for _, p := range l.All() {
		if p.Abstract || p.Protocol != SNMP || p.Generic() {
			continue
		}
		for i := range p.Match {
			for _, prefix := range p.Match[i].SysObjectID {
				if sysObjectID == prefix || strings.HasPrefix(sysObjectID, prefix+".") {
					return true
				}
			}
		}
	}
	return false
}

// unnamed is a device without its sysObjectID.
type unnamed struct{ View }

// Scalar implements View.
func (n unnamed) Scalar(oid string) Raw {
	if oid == SysObjectIDOID {
		return Raw{}
	}
	return n.View.Scalar(oid)
}
