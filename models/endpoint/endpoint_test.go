package endpoint

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, x := range []struct {
		in   string
		port uint16
		host string
		at   uint16
	}{
		{"10.0.0.7", 161, "10.0.0.7", 161},
		{" 10.0.0.7:1161\n", 161, "10.0.0.7", 1161},
		{"10.0.0.7:65535", 0, "10.0.0.7", 65535},
		{"pdu_1.hall-a.example.:161", 0, "pdu_1.hall-a.example.", 161},
		{"300.example", 161, "300.example", 161},
		{"rack300", 161, "rack300", 161},
		{"::1", 161, "::1", 161},
		{"[::1]", 161, "::1", 161},
		{"[fe80::1%eth0]:161", 0, "fe80::1%eth0", 161},
	} {
		host, at, err := Parse(x.in, x.port)
		if err != nil || host != x.host || at != x.at {
			t.Errorf("%q: %q, %d, %v; want %q, %d", x.in, host, at, err, x.host, x.at)
		}
	}
	for _, x := range []struct {
		in   string
		port uint16
		says string
	}{
		{"300.1.1.1", 161, "not an IPv4 address"},
		{"300.300.1.1:161", 0, "not an IPv4 address"},
		{"10.0.0", 161, "not an IPv4 address"},
		{"10.0.0.7.1:161", 0, "not an IPv4 address"},
		{"10.0.0.7.", 161, "not an IPv4 address"},
		{"10.0.0.007", 161, "not an IPv4 address"},
		{"10.0.0.7", 0, "not host:port"},
		{"10.0.0.7:0", 161, "between 1 and 65535"},
		{"10.0.0.7:70000", 161, "between 1 and 65535"},
		{"10.0.0.7:snmp", 161, "between 1 and 65535"},
		{":161", 161, "not a host name"},
		{"", 161, "not a host name"},
		{"a b:161", 0, "not a host name"},
		{"10.0.0.0/24", 161, "not a host name"},
		{"host@example", 161, "not a host name"},
		{"1::2::3", 161, "not a host name"},
		{strings.Repeat("a", 254), 161, "not a host name"},
	} {
		if host, at, err := Parse(x.in, x.port); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%q: %q, %d, %v; want an error with %q", x.in, host, at, err, x.says)
		}
	}
}
