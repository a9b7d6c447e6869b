package configs

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// mask is what a secret shows of itself.
const mask = "********"

// Secret is text that shows itself only through Reveal: as a string, in JSON,
// YAML, logs and %v of structs it is masked.
type Secret struct{ text string }

// NewSecret returns a Secret that holds the text.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text.
func (s Secret) Reveal() string { return s.text }

// IsZero says whether there is no secret.
func (s Secret) IsZero() bool { return s.text == "" }

// String returns a mask, or nothing when there is no secret.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return mask
}

// GoString masks %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// Format masks every verb: %x and the like would reach into the struct.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalJSON masks.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText masks.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML masks.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue masks in slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Duration is a time.Duration which also knows days: "90s", "1h30m", "400d".
type Duration time.Duration

// D returns it as a time.Duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

const day = 24 * time.Hour

// String returns the shortest form: whole days as "7d".
func (d Duration) String() string {
	if t := time.Duration(d); t != 0 && t%day == 0 {
		return strconv.FormatInt(int64(t/day), 10) + "d"
	}
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalYAML returns what ParseDuration reads.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// ParseDuration reads "10s", "1h30m", "400d", "1d12h".
func ParseDuration(s string) (Duration, error) {
	rest, days := s, int64(0)
	if n, after, ok := strings.Cut(s, "d"); ok {
		v, err := strconv.ParseInt(n, 10, 64)
		if err != nil || v < 0 || v > 36500 {
			return 0, fmt.Errorf("%q is not a duration", s)
		}
		if days, rest = v, after; rest == "" {
			return Duration(days * int64(day)), nil
		}
	}
	t, err := time.ParseDuration(rest)
	if err != nil || t < 0 || t > 36500*day {
		return 0, fmt.Errorf("%q is not a duration", s)
	}
	return Duration(days*int64(day)) + Duration(t), nil
}

// Size is a number of bytes.
type Size int64

var (
	sizeForm  = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$`)
	sizeUnits = map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
)

// ParseSize reads "500MB", "1.5GiB", "1024". Units of ten (kB, MB, GB, TB) and
// of two (KiB, MiB, GiB, TiB) differ.
func ParseSize(s string) (Size, error) {
	m := sizeForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	n *= sizeUnits[m[2]]
	if err != nil || n > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return Size(n), nil
}

// String returns what ParseSize reads.
func (s Size) String() string {
	for _, u := range []string{"TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB"} {
		if f := Size(sizeUnits[u]); s >= f && s%f == 0 {
			return strconv.FormatInt(int64(s/f), 10) + u
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalYAML returns what ParseSize reads.
func (s Size) MarshalYAML() (any, error) { return s.String(), nil }
