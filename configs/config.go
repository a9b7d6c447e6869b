// Package configs reads the configuration of Aisle: defaults, then a strict
// YAML file, then environment variables, then a check that reports every fault
// at once with its place and remedy. No configuration at all is valid.
//
// Every key can be set by an environment variable: AISLE_ and the path in
// upper case with underscores, AISLE_SERVER_LISTEN for server.listen; lists
// are comma separated. A secret can also be read from a file: by the key with
// _file added (database.dsn_file) or the variable with _FILE added
// (AISLE_DATABASE_DSN_FILE).
package configs

import (
	"net/netip"
	"path/filepath"
	"time"
)

// Config is the whole configuration.
type Config struct {
	// DataDir is the folder that holds everything Aisle writes. Empty in the
	// file means: $XDG_DATA_HOME/aisle, else $HOME/.local/share/aisle, else
	// ./data. After Load it is never empty.
	DataDir string `yaml:"data_dir"`
	// ProfilesDir is a folder of further device profiles, beside the folder
	// profiles in DataDir, which wins; empty for none.
	ProfilesDir string     `yaml:"profiles_dir"`
	Server      Server     `yaml:"server"`
	Database    Database   `yaml:"database"`
	Telemetry   Telemetry  `yaml:"telemetry"`
	Collectors  Collectors `yaml:"collectors"`
	Events      Events     `yaml:"events"`
	Traps       Traps      `yaml:"traps"`
	Control     Control    `yaml:"control"`
	Auth        Auth       `yaml:"auth"`
	Secrets     Secrets    `yaml:"secrets"`
	Log         Log        `yaml:"log"`
	Demo        Demo       `yaml:"demo"`
}

// Server is the HTTP side.
type Server struct {
	// Listen is host:port; port 0 picks a free one.
	Listen string `yaml:"listen"`
	// PublicURL is how browsers reach the server, when that is not Listen:
	// scheme://host[:port][/path].
	PublicURL string `yaml:"public_url"`
	// TLSCert and TLSKey are PEM files; both or none. TLS is 1.3 only.
	TLSCert string `yaml:"tls_cert"`
	TLSKey  string `yaml:"tls_key"`
	// InsecureHTTP allows plain HTTP beyond loopback, for a proxy in front
	// that does TLS.
	InsecureHTTP bool `yaml:"insecure_http"`
	// TrustedProxies are the address ranges whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// ShutdownTimeout bounds an orderly end.
	ShutdownTimeout Duration `yaml:"shutdown_timeout"`
}

// Database is where the model, alarms and audit log live.
type Database struct {
	// Driver is sqlite or postgres.
	Driver string `yaml:"driver"`
	// DSN is the connection string of PostgreSQL. For SQLite it is a file;
	// empty means aisle.db in the data folder.
	DSN Secret `yaml:"dsn"`
	// MaxConnections bounds the pool of PostgreSQL connections.
	MaxConnections int `yaml:"max_connections"`
}

// Telemetry is where samples live.
type Telemetry struct {
	// Store is embedded or influx.
	Store    string   `yaml:"store"`
	Embedded Embedded `yaml:"embedded"`
	Influx   Influx   `yaml:"influx"`
	// StaleAfter is how old a value may be, in poll intervals, before it is
	// shown as stale.
	StaleAfter int `yaml:"stale_after"`
}

// Embedded is the time-series store in the data folder.
type Embedded struct {
	// RetentionTime is how long raw samples are kept.
	RetentionTime Duration `yaml:"retention_time"`
	// RetentionSize bounds their size on disk; zero means no bound.
	RetentionSize Size `yaml:"retention_size"`
	// OutOfOrder is how late a sample may come: at least the longest outage
	// that a remote collector bridges.
	OutOfOrder Duration `yaml:"out_of_order"`
}

// Influx is an InfluxDB v2 server.
type Influx struct {
	URL    string `yaml:"url"`
	Org    string `yaml:"org"`
	Bucket string `yaml:"bucket"`
	Token  Secret `yaml:"token"`
	// BatchSize is how many samples one write carries at most.
	BatchSize int `yaml:"batch_size"`
	// Timeout bounds one request.
	Timeout Duration `yaml:"timeout"`
}

// Collectors is how the plant is read.
type Collectors struct {
	// SubnetRate bounds the SNMP requests a second to one IPv4 /24 or IPv6 /64,
	// for the sake of small switches and firewalls on the way; zero is no bound.
	SubnetRate int `yaml:"subnet_rate"`
	// FastInterval and SlowInterval are used where profile and device name
	// no other.
	FastInterval Duration `yaml:"fast_interval"`
	SlowInterval Duration `yaml:"slow_interval"`
	// Timeout bounds one request, Retries is how often it is repeated.
	Timeout Duration `yaml:"timeout"`
	Retries int      `yaml:"retries"`
	// AllowedRanges are the addresses that may be polled; others are refused
	// after name resolution.
	AllowedRanges []netip.Prefix `yaml:"allowed_ranges"`
	// RefusedRanges win over AllowedRanges.
	RefusedRanges []netip.Prefix `yaml:"refused_ranges"`
}

// Control is writing to devices. While it is not enabled nothing can be written.
type Control struct {
	Enabled bool `yaml:"enabled"`
	// Expiry is how long a request waits for the second person.
	Expiry Duration `yaml:"expiry"`
	// FreshSession is how old the session of the second person may be before
	// the password is asked again; zero asks always.
	FreshSession Duration `yaml:"fresh_session"`
	// DeviceLimit and TotalLimit are how many writes one device and all devices
	// may get in each LimitWindow.
	DeviceLimit int      `yaml:"device_limit"`
	TotalLimit  int      `yaml:"total_limit"`
	LimitWindow Duration `yaml:"limit_window"`
}

// Events is how much of what happened to devices is kept.
type Events struct {
	// RetentionTime is how long events are kept.
	RetentionTime Duration `yaml:"retention_time"`
	// Max is how many are kept in all, PerDevice how many of each severity of
	// one device.
	Max       int `yaml:"max"`
	PerDevice int `yaml:"per_device"`
}

// Traps is how SNMP traps and informs are received.
type Traps struct {
	// Listen is host:port; empty receives none.
	Listen string `yaml:"listen"`
	// AnyCommunity takes traps of versions 1 and 2c from the address of a device
	// whatever their community.
	AnyCommunity bool `yaml:"any_community"`
	// Forwarders may send traps of others.
	Forwarders []netip.Prefix `yaml:"forwarders"`
	// Rate is how many traps a second one address may send for long, Burst how
	// many at once.
	Rate  int `yaml:"rate"`
	Burst int `yaml:"burst"`
	// PollPause is the least time between two polls of a device because of
	// traps.
	PollPause Duration `yaml:"poll_pause"`
}

// Auth is who may come in and for how long.
type Auth struct {
	// SessionIdle ends an unused session, SessionAbsolute any.
	SessionIdle     Duration `yaml:"session_idle"`
	SessionAbsolute Duration `yaml:"session_absolute"`
	// PasswordMemory is what hashing one password takes, and
	// PasswordParallel how many are hashed at once.
	PasswordMemory   Size `yaml:"password_memory"`
	PasswordParallel int  `yaml:"password_parallel"`
}

// Secrets is the key that encrypts device credentials at rest.
type Secrets struct {
	// Key is 32 bytes in base64 or hexadecimal. Empty means secret.key in the
	// data folder, made at the first start.
	Key Secret `yaml:"key"`
}

// Log is the program's log, on standard error.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level"`
	// Format is text or json.
	Format string `yaml:"format"`
}

// Demo is the simulated facility of `aisle demo`.
type Demo struct {
	// Site is a site file; empty means the built-in facility.
	Site string `yaml:"site"`
	// BasePort is the first of the loopback ports of the simulated devices;
	// zero picks free ones.
	BasePort int `yaml:"base_port"`
	// Speed is how much faster than real the simulated time runs, 1 to 1000.
	Speed int `yaml:"speed"`
}

// Default returns the configuration without any file or environment.
// DataDir is empty: Load chooses it.
func Default() *Config {
	return &Config{
		Server:   Server{Listen: "127.0.0.1:8080", ShutdownTimeout: Duration(20 * time.Second)},
		Database: Database{Driver: "sqlite", MaxConnections: 20},
		Telemetry: Telemetry{
			Store: "embedded",
			Embedded: Embedded{
				RetentionTime: Duration(400 * 24 * time.Hour),
				OutOfOrder:    Duration(24 * time.Hour),
			},
			Influx:     Influx{Org: "aisle", Bucket: "aisle", BatchSize: 5000, Timeout: Duration(20 * time.Second)},
			StaleAfter: 3,
		},
		Collectors: Collectors{
			FastInterval:  Duration(10 * time.Second),
			SlowInterval:  Duration(60 * time.Second),
			Timeout:       Duration(2 * time.Second),
			Retries:       2,
			AllowedRanges: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
			// Link-local (RFC 3927, RFC 4291), where cloud machines keep
			// their metadata service; multicast and "this host".
			RefusedRanges: []netip.Prefix{
				netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
				netip.MustParsePrefix("224.0.0.0/4"), netip.MustParsePrefix("ff00::/8"),
				netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("::/128"),
			},
		},
		Control: Control{
			Expiry: Duration(15 * time.Minute), FreshSession: Duration(10 * time.Minute), DeviceLimit: 5, TotalLimit: 20, LimitWindow: Duration(10 * time.Minute),
		},
		Events: Events{RetentionTime: Duration(400 * 24 * time.Hour), Max: 1_000_000, PerDevice: 1000},
		Traps:  Traps{Rate: 5, Burst: 50, PollPause: Duration(10 * time.Second)},
		Auth: Auth{
			SessionIdle: Duration(8 * time.Hour), SessionAbsolute: Duration(7 * 24 * time.Hour),
			PasswordMemory: 19 << 20, PasswordParallel: 2,
		},
		Log:  Log{Level: "info", Format: "text"},
		Demo: Demo{Speed: 1},
	}
}

// SQLitePath is the database file when the driver is sqlite.
func (c *Config) SQLitePath() string {
	if dsn := c.Database.DSN.Reveal(); dsn != "" {
		return dsn
	}
	return filepath.Join(c.DataDir, "aisle.db")
}

// TLS says whether the server speaks TLS itself.
func (c *Config) TLS() bool { return c.Server.TLSCert != "" }

// AllowsTarget says whether an address may be polled.
func (c *Collectors) AllowsTarget(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range c.RefusedRanges {
		if p.Contains(a) {
			return false
		}
	}
	for _, p := range c.AllowedRanges {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
