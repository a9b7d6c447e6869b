package quantity

import (
	"math"
	"strings"
	"testing"
)

func TestConversion(t *testing.T) {
	tests := []struct {
		class Class
		value float64
		unit  string
		want  float64
	}{
		{Temperature, 212, "°F", 100},
		{Temperature, -40, "°F", -40},
		{Temperature, 273.15, "K", 0},
		{TempDelta, 18, "°F", 10},
		{Power, 1.5, "kW", 1500},
		{Energy, 2, "kWh", 2000},
		{Energy, 3.6, "MJ", 1000},
		{Current, 250, "mA", 0.25},
		{Runtime, 12, "min", 720},
		{Runtime, 150, "cs", 1.5},
		{Airflow, 2118.88, "cfm", 1}, // 1 m³/s is 2,118.88 cfm
		{WaterFlow, 60, "l/min", 0.001},
		{WaterFlow, 15.850323, "gpm", 0.001}, // US gallons
		{Pressure, 1, "bar", 1e5},
		{Pressure, 14.503774, "psi", 1e5},
		{Cooling, 1, "TR", 3516.85},       // 12,000 BTU/h
		{Cooling, 3412.14, "BTU/h", 1000}, // 1 kW
		{Load, 0.5, "1", 50},
		{PowerFactor, 96, "%", 0.96},
		{State, 7, "", 7},
	}
	for _, tt := range tests {
		scale, offset, err := tt.class.Conversion(tt.unit)
		if err != nil {
			t.Errorf("%s %s: %v", tt.class, tt.unit, err)
			continue
		}
		if got := tt.value*scale + offset; math.Abs(got-tt.want) > 1e-5*math.Max(1, math.Abs(tt.want)) {
			t.Errorf("%v %s of %s is %v %s, want %v", tt.value, tt.unit, tt.class, got, tt.class.Unit(), tt.want)
		}
	}
}

func TestConversionRefuses(t *testing.T) {
	if _, _, err := Voltage.Conversion("A"); err == nil || !strings.Contains(err.Error(), "kV") {
		t.Errorf("volts in amperes: %v; want an error that lists the units", err)
	}
	if _, _, err := Class("amps").Conversion(""); err == nil {
		t.Error("an unknown class was accepted")
	}
}

func TestEachClassHasItsBaseUnit(t *testing.T) {
	for _, c := range Classes() {
		scale, offset, err := c.Conversion(c.Unit())
		if err != nil || scale != 1 || offset != 0 {
			t.Errorf("%s: base unit %q converts by %v and %v, %v", c, c.Unit(), scale, offset, err)
		}
	}
}
