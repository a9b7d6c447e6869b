package profile

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/aisle-dcim/aisle/models"
)

// Identifiers of RFC 3418 (SNMPv2-MIB) that every agent has.
const (
	SysDescrOID    = "1.3.6.1.2.1.1.1.0"
	SysObjectIDOID = "1.3.6.1.2.1.1.2.0"
	SysUpTimeOID   = "1.3.6.1.2.1.1.3.0"
)

// Candidate is a profile that fits a device.
type Candidate struct {
	Profile *Profile
	// Score orders candidates; higher fits better.
	Score int
	// Why tells what the match rests on, as models.MatchReasons writes it.
	Why string
}

// closeScore is how near the next best profile must be to leave a doubt.
const closeScore = 10

// Choice sums up candidates, best first: why the first was chosen, which
// others would fit, and whether there is a doubt: another one fits nearly as
// well, or nothing that the device says of itself names it. A generic profile
// stands below zero by its priority.
func Choice(found []Candidate) (why string, others []string, generic, doubt bool) {
	if len(found) == 0 {
		return "", nil, false, false
	}
	for _, c := range found[1:] {
		others = append(others, c.Profile.Name)
	}
	near := len(found) > 1 && found[0].Score-found[1].Score < closeScore && found[1].Profile.Priority >= 0
	doubt = near || !models.NamesProduct(models.MatchReasons(found[0].Why))
	return found[0].Why, others, found[0].Profile.Priority < 0, doubt
}

// MayFit tells whether an SNMP agent that calls itself so may be one of the
// family, as far as sysObjectID and sysDescr tell; a profile that looks at
// neither may fit none by this.
func (p *Profile) MayFit(sysObjectID, sysDescr string) bool {
	if p.Abstract || p.Protocol != SNMP {
		return false
	}
	for i := range p.Match {
		m := &p.Match[i]
		if _, _, ok := m.system(sysObjectID, sysDescr, nameless(sysObjectID)); ok && (len(m.SysObjectID) > 0 || m.SysDescr != "") {
			return true
		}
	}
	return false
}

// RecognisesAs tells whether p is chosen for the same devices as other.
func (p *Profile) RecognisesAs(other *Profile) bool {
	return p.Protocol == other.Protocol && p.Abstract == other.Abstract && p.Priority == other.Priority && reflect.DeepEqual(p.Match, other.Match)
}

// MatchNeeds lists what must be asked, beside sysDescr and sysObjectID, to
// decide between the profiles that an agent of this description may have.
func (l *Library) MatchNeeds(sysObjectID, sysDescr string) Needs {
	scalars, present := set{}, set{}
	foreign := l.Foreign(sysObjectID)
	for _, p := range l.All() {
		if p.Abstract || p.Protocol != SNMP {
			continue
		}
		for _, m := range p.Match {
			if _, _, ok := m.system(sysObjectID, sysDescr, foreign); !ok {
				continue
			}
			for _, o := range append(append([]string{}, m.Present...), m.Absent...) {
				if strings.HasSuffix(o, ".0") {
					scalars.add(o)
				} else {
					present.add(o)
				}
			}
			for _, w := range m.Where {
				if w.OID != "" {
					scalars.add(w.OID)
				} else if w.Column != "" {
					present.add(w.Column)
				}
			}
		}
	}
	return Needs{Scalars: scalars.sorted(), Present: present.sorted()}
}

// String tells a person what a device is recognised by.
func (m *Match) String() string {
	var out []string
	add := func(form string, args ...any) { out = append(out, fmt.Sprintf(form, args...)) }
	if len(m.SysObjectID) > 0 {
		add("sysObjectID %s", strings.Join(m.SysObjectID, " | "))
	}
	if m.SysDescr != "" {
		add("sysDescr ~ %s", m.SysDescr)
	}
	for _, o := range m.Present {
		add("+ %s", o)
	}
	for _, o := range m.Absent {
		add("- %s", o)
	}
	for _, n := range slices.Sorted(maps.Keys(m.DeviceID)) {
		add("device id %d ~ %s", n, m.DeviceID[n])
	}
	if m.ServerID != "" {
		add("server id ~ %s", m.ServerID)
	}
	if m.Says != "" {
		add("says ~ %s", m.Says)
	}
	if m.SunSpec != 0 {
		add("SunSpec model %d", m.SunSpec)
	}
	for _, w := range m.Where {
		add("value of %s", w.place())
	}
	return strings.Join(out, "; ")
}

// place names the object, column or register of a Ref.
func (r Ref) place() string {
	if reg, ok := r.registerOf(); ok {
		return reg.String()
	}
	return r.OID + r.Column
}

// system checks the conditions on sysObjectID and sysDescr. With foreign,
// objects of a maker stand for the sysObjectID.
func (m *Match) system(sysObjectID, sysDescr string, foreign bool) (score int, why string, ok bool) {
	if len(m.DeviceID) > 0 || m.ServerID != "" || m.Says != "" || m.SunSpec != 0 {
		return 0, "", false
	}
	if len(m.SysObjectID) > 0 {
		best := 0
		for _, prefix := range m.SysObjectID {
			if (sysObjectID == prefix || strings.HasPrefix(sysObjectID, prefix+".")) && len(prefix) > best {
				best = len(prefix)
			}
		}
		switch {
		case best > 0:
			score += 100 + strings.Count(sysObjectID[:best], ".")*10
			code := models.MatchPrefix
			if best == len(sysObjectID) {
				code = models.MatchExact
			}
			why = because(why, code, sysObjectID[:best])
		case foreign && m.vendorObjects():
			why = because(why, models.MatchNameless, "")
		default:
			return 0, "", false
		}
	}
	if m.SysDescr != "" {
		if !matches(m.SysDescr, sysDescr) {
			return 0, "", false
		}
		score += 60
		why = because(why, models.MatchDescription, "")
	}
	return score, why, true
}

// nameless tells whether an agent does not say by its sysObjectID who made it:
// it has none, or the one that NET-SNMP gives every Linux host.
func nameless(sysObjectID string) bool {
	const netSNMP = "1.3.6.1.4.1.8072.3.2"
	return sysObjectID == "" || sysObjectID == "0.0" || sysObjectID == netSNMP || strings.HasPrefix(sysObjectID, netSNMP+".")
}

// Foreign tells whether a sysObjectID says nothing that a profile knows: that
// of no maker, the bare root of one, or that of somebody who sells a device of
// another maker under a number of his own.
func (l *Library) Foreign(sysObjectID string) bool {
	if nameless(sysObjectID) {
		return true
	}
	for _, p := range l.All() {
		if p.Abstract || p.Protocol != SNMP {
			continue
		}
		for i := range p.Match {
			for _, prefix := range p.Match[i].SysObjectID {
				if sysObjectID == prefix || strings.HasPrefix(sysObjectID, prefix+".") {
					return false
				}
			}
		}
	}
	return true
}

// vendorObjects tells whether the entry asks for objects of a maker, which
// stand for the sysObjectID on an agent that has none of its own.
func (m *Match) vendorObjects() bool {
	for _, o := range m.Present {
		if strings.HasPrefix(o, "1.3.6.1.4.1.") {
			return true
		}
	}
	return false
}

// because adds a reason to those that a match rests on.
func because(why string, code models.MatchCode, value string) string {
	r := models.MatchReason{Code: code, Value: value}.String()
	if why == "" {
		return r
	}
	return why + models.MatchSeparator + r
}

// exists tells whether the device has an object or anything in a subtree.
func exists(view View, oid string) bool {
	if strings.HasSuffix(oid, ".0") {
		return view.Scalar(oid).Kind != None
	}
	return len(view.Column(oid)) > 0
}

// MatchSNMP returns the profiles that fit an agent, best first.
func (l *Library) MatchSNMP(view View) []Candidate {
	sysObjectID, sysDescr := view.Scalar(SysObjectIDOID).String(), view.Scalar(SysDescrOID).String()
	src := source{snmp: view, cells: map[string]map[string]Raw{}}
	foreign := l.Foreign(sysObjectID)
	return l.candidates(SNMP, func(m *Match) (int, string, bool) {
		score, why, ok := m.system(sysObjectID, sysDescr, foreign)
		if !ok {
			return 0, "", false
		}
		for _, o := range m.Present {
			if !exists(view, o) {
				return 0, "", false
			}
			score += 20
			why = because(why, models.MatchObject, o)
		}
		for _, o := range m.Absent {
			if exists(view, o) {
				return 0, "", false
			}
			score += 5
		}
		for _, w := range m.Where {
			if !w.anyRow(src) {
				return 0, "", false
			}
			score += 30
			why = because(why, models.MatchValue, w.place())
		}
		return score, why, true
	})
}

// anyRow tells whether the condition holds for its object or for any row of
// its column, or for no row where that is asked.
func (c Condition) anyRow(s source) bool {
	if c.Column == "" {
		return c.holds(s, nil)
	}
	rows := s.column(c.Column)
	for _, r := range rows {
		if c.holds(s, r.Index) {
			return !c.None
		}
	}
	return c.None || len(rows) == 0 && c.holds(s, nil)
}

// ModbusIdentity is what a Modbus device says of itself.
type ModbusIdentity struct {
	// DeviceID holds the texts of function 43/14 by object number.
	DeviceID map[int]string
	// ServerID is the answer of function 17.
	ServerID string
	ModbusView
}

// Says is all that the device says of itself in words.
func (id ModbusIdentity) Says() string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(id.DeviceID)) {
		out = append(out, id.DeviceID[n])
	}
	return strings.Join(append(out, id.ServerID), " ")
}

// MatchModbus returns the profiles that fit a Modbus device, best first.
// Profiles without a match rule cannot be found this way: they are chosen by
// a person.
func (l *Library) MatchModbus(id ModbusIdentity) []Candidate {
	says, sunSpec := id.Says(), SunSpec{}
	if l.HasSunSpec() {
		sunSpec = ReadSunSpec(id.ModbusView)
	}
	return l.candidates(Modbus, func(m *Match) (int, string, bool) {
		score, why := 0, ""
		for n, re := range m.DeviceID {
			if !matches(re, id.DeviceID[n]) {
				return 0, "", false
			}
			score += 60
			why = because(why, models.MatchDeviceID, "")
		}
		if m.ServerID != "" {
			if !matches(m.ServerID, id.ServerID) {
				return 0, "", false
			}
			score += 60
			why = because(why, models.MatchServerID, "")
		}
		if m.Says != "" {
			if !matches("(?i)"+m.Says, says) {
				return 0, "", false
			}
			score += 50
			why = because(why, models.MatchMaker, "")
		}
		if m.SunSpec != 0 {
			_, place, ok := sunSpec.find(m.SunSpec)
			if !ok {
				return 0, "", false
			}
			// Of several models the first is what the device is.
			score += 60 - min(place, 9)
			why = because(why, models.MatchSunSpec, strconv.Itoa(m.SunSpec))
		}
		src := source{modbus: id.ModbusView}
		for _, w := range m.Where {
			if !w.holds(src, nil) {
				return 0, "", false
			}
			score += 30
			why = because(why, models.MatchValue, w.place())
		}
		return score, why, len(m.SysObjectID)+len(m.Present) == 0 && m.SysDescr == ""
	})
}

// HasSunSpec tells whether a match rule asks for a SunSpec model: then
// ReadSunSpec must find the chain of models in the view that is matched.
func (l *Library) HasSunSpec() bool {
	for _, p := range l.profiles {
		for i := range p.Match {
			if p.Match[i].SunSpec != 0 {
				return true
			}
		}
	}
	return false
}

// MatchModbusNeeds lists the registers that the match rules look at.
func (l *Library) MatchModbusNeeds() []Register {
	var out []Register
	seen := map[string]bool{}
	for _, p := range l.All() {
		if p.Protocol != Modbus {
			continue
		}
		for _, r := range p.ModbusMatchNeeds() {
			if !seen[r.String()] {
				seen[r.String()] = true
				out = append(out, r)
			}
		}
	}
	return out
}

// ModbusMatchNeeds lists the registers that the match rules of the profile look
// at.
func (p *Profile) ModbusMatchNeeds() []Register {
	var out []Register
	for _, m := range p.Match {
		for _, w := range m.Where {
			if r, ok := w.registerOf(); ok {
				out = append(out, r)
			}
		}
	}
	return out
}

func (l *Library) candidates(protocol string, score func(*Match) (int, string, bool)) []Candidate {
	var out []Candidate
	for _, p := range l.All() {
		if p.Abstract || p.Protocol != protocol {
			continue
		}
		best := Candidate{Score: -1}
		for i := range p.Match {
			if s, why, ok := score(&p.Match[i]); ok && s > best.Score {
				best = Candidate{Profile: p, Score: s, Why: why}
			}
		}
		if best.Profile != nil {
			best.Score += p.Priority
			out = append(out, best)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Score > out[j].Score })
	return out
}

type set map[string]bool

func (s set) add(x string) {
	if x != "" {
		s[x] = true
	}
}

func (s set) sorted() []string {
	out := make([]string, 0, len(s))
	for x := range s {
		out = append(out, x)
	}
	sort.Strings(out)
	return out
}

// Needs lists what Resolve looks at on a device that calls itself
// sysObjectID: the profile's own objects and those of its fall-backs.
func (p *Profile) Needs(sysObjectID string) Needs {
	scalars, columns := set{}, set{}
	scalars.add(SysDescrOID)
	scalars.add(SysObjectIDOID)
	ref := func(r Ref) {
		scalars.add(r.OID)
		columns.add(r.Column)
	}
	for _, q := range append([]*Profile{p}, p.fallback...) {
		for _, f := range q.Identity {
			ref(f.Ref)
		}
		for i := range q.Points {
			x := &q.Points[i]
			scalars.add(x.OID)
			columns.add(x.Column)
			if x.Column == "" {
				scalars.add(x.High)
			} else {
				columns.add(x.High)
			}
			for _, r := range x.refs() {
				ref(*r)
			}
			for _, column := range x.Parts {
				columns.add(column)
			}
		}
	}
	return p.needs(scalars, columns, sysObjectID)
}

// needs are scalars and columns where a device with this sysObjectID has them.
func (p *Profile) needs(scalars, columns set, sysObjectID string) Needs {
	needs := Needs{Scalars: scalars.sorted(), Columns: columns.sorted()}
	moved := p.move(sysObjectID)
	for _, oids := range [][]string{needs.Scalars, needs.Columns} {
		for i := range oids {
			oids[i] = moved.oid(oids[i])
		}
	}
	return needs
}

// registerOf returns the register that a Ref names.
func (r Ref) registerOf() (Register, bool) {
	if r.Register == nil {
		return Register{}, false
	}
	count := max(1, registerCounts[orElse(r.Type, "u16")], r.Length)
	return Register{Table: r.Table, Address: uint16(*r.Register), Count: uint16(count)}, true
}

// ModbusNeeds lists the registers that ResolveModbus looks at.
func (p *Profile) ModbusNeeds() []Register {
	var out []Register
	seen := map[string]bool{}
	add := func(r Register) {
		k := r.String() + "/" + string(rune(r.Count))
		if !seen[k] {
			seen[k] = true
			out = append(out, r)
		}
	}
	for _, f := range p.Identity {
		if r, ok := f.registerOf(); ok {
			add(r)
		}
	}
	for _, q := range p.Device.Require {
		if r, ok := q.registerOf(); ok {
			add(r)
		}
	}
	for _, q := range append([]*Profile{p}, p.fallback...) {
		for i := range q.Points {
			x := &q.Points[i]
			if x.Register == nil {
				continue
			}
			own := x.register()
			add(own)
			for _, r := range x.refs() {
				if reg, ok := r.registerOf(); ok {
					reg.Unit = own.Unit
					add(reg)
				}
			}
			if x.ScaleFrom != nil {
				add(Register{Table: orElse(x.ScaleFrom.Table, own.Table), Address: uint16(x.ScaleFrom.Register), Count: 1, Unit: own.Unit})
			}
		}
	}
	return out
}
