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
		{"outputCurrentX100", "", "Output Current (Amps X 100)", "current A 0.01", true},
		{"busVoltage_x10", "", "What is on the bus", "voltage V 0.1", true},
		{"roomTemperatureTenths", "", "Measured, in degrees C", "temperature °C 0.1", true},
		{"humidityHighWarning", "", "When to warn", "", false},
		{"sensorReceiveRetries", "", "What it takes for a failure", "", false},
		{"currentAirVolumeFlow", "", "Air that flows now", "airflow m³/s", true},
		{"sensor9CurrentPhysValue", "", "What the sensor gives", "", false},
		{"filterCurrentPressureDrop", "", "Pressure over the filter", "pressure Pa", true},
		{"outputCurrentL1", "", "What flows", "current A", true},
		{"humidifier1ManualOperationActive", "", "Whether it is", "", false},
		{"humidifierDigitalOut", "", "Whether it is", "", false},
		{"supplyHumidity", "", "In the room", "humidity %", true},
		{"operatingVoltage", "Volts", "Voltage", "voltage V", false},
		{"portRepowerTime", "seconds", "Delay", "delay s", true},
		{"upsSecondsOnBattery", "seconds", "Elapsed since it went on battery", "duration s", false},
		{"upsConfigLowBattTime", "minutes", "When the battery is said to be low", "duration min", true},
		{"upsTestElapsedTime", "0.01 seconds", "Of the test", "duration s 0.01", false},
		{"settleTime", "milliseconds", "Of a contact", "duration s 0.001", false},
		{"compressorOperationTime", "tenths of hours", "In operation", "duration h 0.1", false},
		{"loginTime", "", "In seconds", "", false},
		{"upsEstimatedMinutesRemaining", "minutes", "On battery", "runtime min", false},
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

// TestSeveritiesOfStates: a state means what the object says that it is of.
func TestSeveritiesOfStates(t *testing.T) {
	for _, x := range []struct{ of, text, want string }{
		{"outputFuseStatus", "open", "critical"},
		{"outputFuseStatus", "ok", "ok"},
		{"batteryBreakerState", "open", "critical"},
		{"batteryBreakerState", "closed", "ok"},
		{"batteryBreakerState", "off", "warning"},
		{"mcbStatus", "tripped", "critical"},
		{"loadStatus", "fuseBlown", "critical"},
		{"outletStatus", "onFuse", "critical"},
		{"contactState", "open", "info"},
		{"frontDoorStatus", "open", "warning"},
		{"frontDoorStatus", "closed", "ok"},
		{"leakSensorState", "detected", "critical"},
		{"leakSensorState", "notDetected", "ok"},
		{"smokeState", "smokeDetected", "critical"},
		{"lowBatteryAlarm", "on", "warning"},
		{"lowBatteryAlarm", "off", "ok"},
		{"alarmEnabledState", "on", "info"},
		{"fanFault", "yes", "warning"},
		{"defaultState", "on", "info"},
		{"outletState", "off", "info"},
		{"status", "abnormal", "warning"},
		{"status", "notOk", "critical"},
		{"status", "noFault", "ok"},
		{"status", "noAlarm", "ok"},
		{"status", "offline", "warning"},
		{"status", "disconnected", "warning"},
		{"status", "unhealthy", "warning"},
		{"status", "batteryLow", "warning"},
		{"status", "lowerCritical", "critical"},
		{"status", "notInstalled", "unknown"},
		{"status", "noStatus", "unknown"},
		{"status", "flowing", "unknown"},
		{"status", "configuring", "unknown"},
		{"fanState", "high", "info"},
		{"upsOutputSource", "battery", "warning"},
		{"upsOutputSource", "normal", "ok"},
		{"upsOutputSource", "bypass", "warning"},
		{"testResult", "passed", "ok"},
		{"testResult", "inProgress", "info"},
	} {
		if got, _ := guessSeverity(x.of, x.text); got != x.want {
			t.Errorf("%s of %s: %q, want %q", x.text, x.of, got, x.want)
		}
	}
}

// ictPanel is a module as makers write them: types that it does not import,
// values times 100, a table that augments another one and one that is numbered
// by what another module defines.
const ictPanel = `PANEL-MIB DEFINITIONS ::= BEGIN
IMPORTS
	enterprises FROM RFC1155-SMI
	OBJECT-TYPE FROM RFC-1212;
panel OBJECT IDENTIFIER ::= { enterprises 99999 10 }
outputTable OBJECT-TYPE
	SYNTAX SEQUENCE OF OutputEntry
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "Outputs"
	::= { panel 8 }
outputEntry OBJECT-TYPE
	SYNTAX OutputEntry
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "An output"
	INDEX { shelfNumber, outputNumber }
	::= { outputTable 1 }
OutputEntry ::= SEQUENCE { shelfNumber Integer32, outputNumber Integer32, outputFuseStatus INTEGER, outputCurrentX100 Integer32 }
shelfNumber OBJECT-TYPE
	SYNTAX Integer32
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "Number"
	::= { outputEntry 1 }
outputNumber OBJECT-TYPE
	SYNTAX Integer32
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "Number"
	::= { outputEntry 2 }
outputFuseStatus OBJECT-TYPE
	SYNTAX INTEGER { ok(1), open(2) }
	ACCESS read-only
	STATUS mandatory
	DESCRIPTION "State of the fuse"
	::= { outputEntry 4 }
outputCurrentX100 OBJECT-TYPE
	SYNTAX Integer32
	ACCESS read-only
	STATUS mandatory
	DESCRIPTION "What the output gives"
	::= { outputEntry 6 }
extraTable OBJECT-TYPE
	SYNTAX SEQUENCE OF ExtraEntry
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "More of outputs"
	::= { panel 9 }
extraEntry OBJECT-TYPE
	SYNTAX ExtraEntry
	ACCESS not-accessible
	STATUS mandatory
	DESCRIPTION "More of an output"
	AUGMENTS { outputEntry }
	::= { extraTable 1 }
ExtraEntry ::= SEQUENCE { extraVoltageX10 INTEGER }
extraVoltageX10 OBJECT-TYPE
	SYNTAX INTEGER
	ACCESS read-only
	STATUS mandatory
	DESCRIPTION "Measured, in volts"
	::= { extraEntry 1 }
END
`

func TestDraftOfAMIBAsMakersWriteThem(t *testing.T) {
	data, err := FromMIBFiles("panel", MIBFile{Name: "PANEL-MIB", Text: ictPanel})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{key: "output/{number}/{numberx}/current", column: 1.3.6.1.4.1.99999.10.8.1.6, source: outputCurrentX100, class: current, unit: A, scale: 0.01, index: [number, numberx]} # check: unit is not told, scale is from the name`,
		`column: 1.3.6.1.4.1.99999.10.8.1.4, source: outputFuseStatus, class: state, index: [number, numberx], states: {1: {text: ok, severity: ok}, 2: {text: open, severity: critical}}`,
		`{key: "extra/{number}/{numberx}/voltage", column: 1.3.6.1.4.1.99999.10.9.1.1, source: extraVoltageX10, class: voltage, unit: V, scale: 0.1, index: [number, numberx]}`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in\n%s", want, data)
		}
	}
}
