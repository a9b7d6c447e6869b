package workshop

import (
	"strings"
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

// TestGuessesOfObjects: units and scales as makers write them, and objects that
// only go with a measurement.
func TestGuessesOfObjects(t *testing.T) {
	for _, x := range []struct {
		name, units, description string
		want                     string // class unit scale, empty when left out
		unsure                   bool
	}{
		{"pduPhaseVoltage", "decivolts (rms)", "PDU phase voltage in tenths of a volt", "voltage V 0.1", false},
		{"pduPhaseCurrent", "centiamps (rms)", "PDU phase current", "current A 0.01", false},
		{"tempSensorTemp", "0.1 Degrees", "Temperature. Units are given by temperatureUnits", "temperature °C 0.1", true},
		{"tempSensorTemp", "decidegrees", "Temperature in tenths of a degree Fahrenheit", "temperature °F 0.1", true},
		{"airFlowSensorDewPoint", "", "Dew point", "temperature °C", true},
		{"thdSensorTemp", "", "Temperature", "temperature °C", true},
		{"inputCurrent", "", "An input current measurement value. Units are in milliamps.", "current mA", true},
		{"phasePower", "", "Indicates the load power, in hundredths of kilowatts (kW)", "power kW 0.01", true},
		{"powerFactor", "0.001", "Power factor", "power_factor 0.001", false},
		{"lineVAR", "Volt-Amps Reactive", "Reactive power", "reactive_power var", false},
		{"powerReactive", "VAR", "Reactive power", "reactive_power var", false},
		{"estimatedMinutesRemaining", "", "An estimate", "runtime min", true},
		{"voltageMax", "Volts", "Highest voltage", "voltage V", true},
		{"operatingVoltage", "Volts", "Voltage", "voltage V", false},
		{"portRepowerTime", "seconds", "Delay", "", false},
		{"temperatureCount", "", "Number of sensors", "", false},
		{"tempSensorAvail", "", "Whether it is there", "", false},
		{"alarmBatteryTemperature", "", "Battery too hot", "", false},
		{"ampHoursConsumed", "0.1 Amp-Hours", "Charge taken", "", false},
		{"phaseAngle", "0.1 degree", "Angle between voltage and current", "", false},
		{"sampleRate", "", "An example of samples", "", false},
	} {
		d := draft{}
		d.object(object{name: x.name, units: x.units, description: x.description, oid: "1.3.6.1.4.1.99999.1.0"})
		got, comment := "", ""
		if len(d.points) == 1 {
			fields := map[string]string{}
			list := d.points[0].node.Content
			for i := 0; i+1 < len(list); i += 2 {
				fields[list[i].Value] = list[i+1].Value
			}
			got = strings.Join(strings.Fields(fields["class"]+" "+fields["unit"]+" "+fields["scale"]), " ")
			comment = d.points[0].comment
		}
		if got != x.want || (comment != "") != x.unsure {
			t.Errorf("%s (%s; %s): %q, %q; want %q, unsure %v", x.name, x.units, x.description, got, comment, x.want, x.unsure)
		}
	}
}
