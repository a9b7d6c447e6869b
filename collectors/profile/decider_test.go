package profile

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const decided = `
profile: decided
kind: sensor
source: SAMPLE-MIB
match:
  - sysObjectID: [1.3.6.1.4.1.9]
points:
  - key: sensor/{row}/temperature
    class: temperature
    unit: °C
    column: 1.3.6.1.4.1.9.3.1
    index: [row]
    source: sensorValue
    select:
      - {oid: 1.3.6.1.4.1.9.1.0, cases: {"2": {unit: °F}}}
      - {column: 1.3.6.1.4.1.9.3.2, pow10: -1}
      - {column: 1.3.6.1.4.1.9.3.3, cases: {"0": {skip: true}}}
      - {column: 1.3.6.1.4.1.9.3.4, index: 1, cases: {"7": {label: Outside}}}
  - key: sensor/{row}/state
    class: state
    column: 1.3.6.1.4.1.9.3.3
    index: [row]
    source: sensorState
    states: {1: {text: normal, severity: ok}}
  - key: output/voltage
    class: voltage
    unit: V
    oid: 1.3.6.1.4.1.9.4.0
    source: outputVoltage
    select: &tenths [{oid: 1.3.6.1.4.1.9.4.0, texts: [{match: "^[0-9]{4}$", scale: 0.1}]}]
  - {key: input/voltage, class: voltage, unit: V, oid: 1.3.6.1.4.1.9.5.0, source: inputVoltage, select: *tenths}
`

// What decides the meaning of a point is known with it; what only tells whether
// there is one, how it is called or how much is measured is not.
func TestDeciders(t *testing.T) {
	lib, err := Load(fstest.MapFS{"decided.yaml": {Data: []byte(decided)}})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := ReadRecording(strings.NewReader(strings.Join([]string{
		"1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1",
		"1.3.6.1.4.1.9.1.0|2|1",
		"1.3.6.1.4.1.9.3.1.5|2|215", "1.3.6.1.4.1.9.3.1.6|2|22",
		"1.3.6.1.4.1.9.3.2.5|2|1", // the other row has none
		"1.3.6.1.4.1.9.3.3.5|2|1", "1.3.6.1.4.1.9.3.3.6|2|1",
		"1.3.6.1.4.1.9.3.4.5|2|7",
		"1.3.6.1.4.1.9.4.0|2|2301",
		"1.3.6.1.4.1.9.5.0|2|2295",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("decided")
	d, err := p.Resolve(rec)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"sensor/5/temperature": {"1.3.6.1.4.1.9.1.0", "1.3.6.1.4.1.9.3.2.5"},
		"sensor/6/temperature": {"1.3.6.1.4.1.9.1.0"},
		"sensor/5/state":       nil,
		"sensor/6/state":       nil,
		"output/voltage":       nil,
		"input/voltage":        nil,
	}
	at := map[string]Resolved{}
	for _, x := range d.Points {
		var got []string
		for _, y := range x.Deciders {
			got = append(got, y.OID)
		}
		if at[x.Spec.Key] = x; !slices.Equal(got, want[x.Spec.Key]) {
			t.Errorf("%s is decided by %v, want %v", x.Spec.Key, got, want[x.Spec.Key])
		}
	}
	if len(at) != len(want) {
		t.Fatalf("%d points, want %d", len(at), len(want))
	}
	a, b := at["sensor/5/temperature"].Deciders, at["sensor/6/temperature"].Deciders
	if a[0] != b[0] {
		t.Error("one setting of the device is another decider for each row")
	}
	for _, x := range []struct {
		decider Decider
		raw     Raw
		want    bool
	}{
		{a[0], Raw{Kind: Int, Int: 1}, true},
		{a[0], Raw{Kind: Int, Int: 3}, true}, // no case either
		{a[0], Raw{Kind: Int, Int: 2}, false},
		{a[0], Raw{}, true}, // not there decides nothing
		{a[1], Raw{Kind: Int, Int: 1}, true},
		{a[1], Raw{Kind: Bytes, Bytes: []byte("1")}, true},
		{a[1], Raw{Kind: Int, Int: 0}, false},
		{a[1], Raw{Kind: Bytes, Bytes: []byte("?")}, false},
	} {
		if got := x.decider.Holds(x.raw); got != x.want {
			t.Errorf("%s is %q: holds %t", x.decider.OID, x.raw.String(), got)
		}
	}
}

// A device that was learned when the setting was another one is polled in
// another way; one in which it is the same by other means is not told apart by
// what decodes alike.
func TestDecidersAreOfTheFingerprint(t *testing.T) {
	lib, err := Load(fstest.MapFS{"decided.yaml": {Data: []byte(strings.Replace(decided, `{"2": {unit: °F}}`, `{"1": {unit: °C}, "2": {unit: °F}}`, 1))}})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := lib.Get("decided")
	of := func(setting string) string {
		rec, err := ReadRecording(strings.NewReader("1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1\n1.3.6.1.4.1.9.1.0|2|" + setting + "\n1.3.6.1.4.1.9.3.1.5|2|21\n"))
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Resolve(rec)
		if err != nil {
			t.Fatal(err)
		}
		return string(d.Points[0].AppendFingerprint(nil))
	}
	if again := of("1"); again != of("1") {
		t.Error("the same device is another one each time")
	}
	// Both are °C, but what the one may change to is no change of the other.
	if of("1") == of("9") {
		t.Error("devices that were decided otherwise share what they are watched by")
	}
}
