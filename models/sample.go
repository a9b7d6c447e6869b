package models

import "time"

// PointID identifies a Point for ever: it is the primary key of the points
// table and is never reused. Zero is no point.
type PointID uint64

// DeviceID identifies a Device for ever. Zero is no device.
type DeviceID uint64

// Quality tells how far a sample can be trusted. Only Good samples carry a
// value; for the others Value has no meaning and must not be shown.
type Quality uint8

const (
	// Good is a value as the device reported it, within its valid range.
	Good Quality = iota
	// Stale is a value older than the freshness limit of its point.
	Stale
	// Bad is an answer that cannot be a value: out of range, not decodable.
	Bad
	// Sentinel is the device's own mark for "no value".
	Sentinel
	// CommFailed means that the device did not answer.
	CommFailed
)

var qualityNames = [...]string{"good", "stale", "bad", "sentinel", "comm-failed"}

// String returns the name used in the API and in exports.
func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return "bad"
}

// ParseQuality returns the quality of a name that String gave; any other name
// is Bad.
func ParseQuality(s string) Quality {
	for i, n := range qualityNames {
		if n == s {
			return Quality(i)
		}
	}
	return Bad
}

// Sample is one measurement of one point.
type Sample struct {
	// Point is what was measured.
	Point PointID
	// TimeMS is the moment of the reading in milliseconds since the Unix
	// epoch, UTC.
	TimeMS int64
	// Value is in the base unit of the point's class; for states it is the raw
	// number. It has no meaning unless Quality is Good.
	Value float64
	// Quality is Good when Value may be used.
	Quality Quality
}

// Time returns the moment of the reading in UTC.
func (s Sample) Time() time.Time { return time.UnixMilli(s.TimeMS).UTC() }
