package workshop

import (
	"testing"

	"github.com/aisle-dcim/aisle/models/quantity"
)

// A quantity is told by whole words of a name, and a unit not by an article.
func TestQuantityIsToldByWholeWords(t *testing.T) {
	for _, x := range []struct {
		name, description string
		want              quantity.Class
	}{
		{"outletRebootWithDuration", "", ""},
		{"upsInputLineBads", "A count of the number of times the input entered an out-of-tolerance condition", ""},
		{"loginAttempts", "", ""},
		{"inputTHD", "", quantity.THD},
		{"thdPhaseA", "", quantity.THD},
		{"INPUT_THD", "", quantity.THD},
		{"upsBatteryTemperature", "", quantity.Temperature},
		{"roomTemp", "", quantity.Temperature},
		{"PDUVoltage", "", quantity.Voltage},
		{"upsoutputvoltage", "", quantity.Voltage},
		{"outletAmps", "", quantity.Current},
		{"lineFreq", "", quantity.Frequency},
		{"xDraw", "What is drawn, in 0.1 A steps", quantity.Current},
	} {
		unit, _ := guessUnit(withoutArticles(firstSentence(x.description)))
		if got, _ := guessClass(x.name, unit); got != x.want {
			t.Errorf("%s (%s): %q, want %q", x.name, x.description, got, x.want)
		}
	}
}
