package trap

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// timeWindow is how far a message's time may be off in seconds, RFC 3414
// section 2.2.3.
const timeWindow = 150

// Bounds of what is remembered of others.
const (
	maxEngines = 20000
	maxKeys    = 20000
	maxUsers   = 2000
	// maxCopies is how many of the last messages of an engine are known again.
	maxCopies = 32
)

// engine is our own SNMPv3 engine, and what we know of those of senders.
type engine struct {
	id    string
	boots uint32
	start time.Time
	// stats are the usmStats counters by their last sub-identifier.
	stats [7]atomic.Uint32
	file  string
	// saving lets one at a time write the file.
	saving sync.Mutex

	mu       sync.Mutex
	clocks   map[string]*clock
	changed  bool
	prepared map[usm.User]*usm.Prepared
	local    map[localKey]*keys
}

type localKey struct {
	user   usm.User
	engine string
}

// clock is the newest that an engine showed of its clock.
type clock struct {
	boots, seconds uint32
	// at is when it showed that.
	at     time.Time
	from   netip.Addr
	copies [maxCopies]digest
	next   int
	// before is where boots stood when they fell, zero when they never did.
	// Messages of up to then may be old ones: only a poll shows which are not.
	before uint32
	// told: it was told that its messages are refused.
	told bool
}

// state is what is kept on disk.
type state struct {
	EngineID string `json:"engine_id"`
	Boots    uint32 `json:"boots"`
	// Engines are the clocks of senders: boots, time, and boots before they fell.
	Engines map[string][3]uint32 `json:"engines,omitempty"`
}

// openEngine reads the state file, or makes one, and counts this start. A file
// that is spoilt is set aside.
func openEngine(file string, log *slog.Logger) (*engine, error) {
	e := &engine{
		start: time.Now(), file: file, clocks: map[string]*clock{},
		prepared: map[usm.User]*usm.Prepared{}, local: map[localKey]*keys{},
	}
	s, id, err := readState(file)
	if errors.Is(err, errSpoilt) {
		// It costs one discovery of each device that sends informs, and what the
		// clocks of those that send traps showed last.
		log.Warn("state of the trap receiver is spoilt: it is set aside and another SNMPv3 engine id is taken", "file", file+aside, "err", err)
		s, id, err = state{}, nil, os.Rename(file, file+aside)
	}
	if err != nil {
		return nil, fmt.Errorf("read SNMPv3 engine: %w", err)
	}
	if id == nil || s.Boots >= math.MaxInt32-1 {
		// RFC 3411 section 5: the first bit set, no enterprise, octets of our own.
		random := make([]byte, 8)
		if _, err := rand.Read(random); err != nil {
			return nil, fmt.Errorf("make SNMPv3 engine id: %w", err)
		}
		id, s.Boots = append([]byte{0x80, 0, 0, 0, 5}, random...), 0
	}
	e.id, e.boots, e.changed = string(id), s.Boots+1, true
	for name, c := range s.Engines {
		if id, err := hex.DecodeString(name); err == nil && len(e.clocks) < maxEngines {
			e.clocks[string(id)] = &clock{boots: c[0], seconds: c[1], before: c[2]}
		}
	}
	return e, e.save()
}

// aside is what the name of a spoilt state file ends with; there is one at most.
const aside = ".spoilt"

var errSpoilt = errors.New("not what was written")

// readState reads a state file. The id is nil when there is none yet.
func readState(file string) (s state, id []byte, err error) {
	if file == "" {
		return s, nil, nil
	}
	data, err := os.ReadFile(file) //nolint:gosec // it is in our own folder
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil, nil
	}
	if err != nil {
		return s, nil, err
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, nil, fmt.Errorf("%w: %w", errSpoilt, err)
	}
	if id, err = hex.DecodeString(s.EngineID); err != nil || len(id) < 5 || len(id) > 32 {
		return s, nil, fmt.Errorf("%w: engine id of %d characters", errSpoilt, len(s.EngineID))
	}
	return s, id, nil
}

func (e *engine) seconds() uint32 { return uint32(time.Since(e.start) / time.Second) }

// save writes the state file when something changed.
func (e *engine) save() error {
	if e.file == "" {
		return nil
	}
	e.saving.Lock()
	defer e.saving.Unlock()
	e.mu.Lock()
	if !e.changed {
		e.mu.Unlock()
		return nil
	}
	e.changed = false
	s := state{EngineID: hex.EncodeToString([]byte(e.id)), Boots: e.boots, Engines: map[string][3]uint32{}}
	for id, c := range e.clocks {
		s.Engines[hex.EncodeToString([]byte(id))] = [3]uint32{c.boots, c.seconds, c.before}
	}
	e.mu.Unlock()
	err := replace(e.file, s)
	if err != nil {
		e.mu.Lock()
		e.changed = true
		e.mu.Unlock()
		return fmt.Errorf("keep SNMPv3 engine: %w", err)
	}
	return nil
}

// replace writes a file so that after a crash it is the old or the new one; when
// it returns nil it is the new one.
func replace(file string, s state) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".engine-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(file))
}

// syncFolder keeps what a folder lists.
func syncFolder(name string) error {
	d, err := os.Open(name) //nolint:gosec // it is our own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keys returns the keys of a user at an engine. They are made anew unless they
// have opened a message before.
func (e *engine) keys(u usm.User, engineID []byte) (*keys, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if k, ok := e.local[localKey{u, string(engineID)}]; ok {
		return k, nil
	}
	p, ok := e.prepared[u]
	if !ok {
		var err error
		if p, err = u.Prepare(); err != nil {
			return nil, err
		}
		if len(e.prepared) >= maxUsers {
			clear(e.prepared)
		}
		e.prepared[u] = p
	}
	k, err := p.Localise(engineID)
	if err != nil {
		return nil, err
	}
	return &keys{Keys: k}, nil
}

// remember keeps keys that opened a message.
func (e *engine) remember(u usm.User, engineID []byte, k *keys) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.local) >= maxKeys {
		clear(e.local)
	}
	e.local[localKey{u, string(engineID)}] = k
}

// proof is what a poll showed of the clock of an engine; at is zero when none
// did.
type proof struct {
	boots, seconds uint32
	at             time.Time
}

// proofTime is for how long a poll shows that a message is an old one.
const proofTime = 5 * time.Minute

// refusal is why advance refuses a message.
type refusal struct {
	// from is where the engine was heard before.
	from netip.Addr
	// fell is where boots stood, in the first message of an engine that counts
	// fewer and of which no poll shows that it is an old one; zero otherwise.
	fell uint32
}

// advance takes note of a sender's clock as an authentic message shows it. It
// refuses one that is older than the time window, and a copy. What a poll showed
// since counts more than what messages did: a device with a new card, whose
// engine id is made of its address, counts its boots anew.
func (e *engine) advance(id string, boots, seconds uint32, sum digest, from netip.Addr, polled proof) *refusal {
	if boots >= math.MaxInt32 {
		return &refusal{}
	}
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	c, known := e.clocks[id]
	if !known {
		if len(e.clocks) >= maxEngines {
			for k := range e.clocks {
				delete(e.clocks, k)
				break
			}
		}
		c = &clock{}
		e.clocks[id] = c
	} else {
		if polled.at.After(c.at) && polled.boots != c.boots {
			if polled.boots < c.boots {
				c.before = max(c.before, c.boots)
			}
			c.boots, c.seconds, c.at, c.told, e.changed = polled.boots, polled.seconds, polled.at, false, true
		}
		shown := int64(c.seconds)
		if !c.at.IsZero() {
			shown += int64(now.Sub(c.at) / time.Second)
		}
		old := boots < c.boots || boots == c.boots && int64(seconds) < shown-timeWindow || boots > c.boots && boots <= c.before
		if old || slices.Contains(c.copies[:], sum) {
			r := &refusal{from: c.from}
			shows := now.Sub(polled.at) < proofTime && polled.boots > boots
			if boots < c.boots && !shows && !c.told {
				c.told, r.fell = true, c.boots
			}
			return r
		}
	}
	if boots > c.boots || seconds >= c.seconds {
		c.boots, c.seconds, c.at, e.changed = boots, seconds, now, true
	}
	c.from = from
	c.copies[c.next] = sum
	c.next = (c.next + 1) % maxCopies
	return nil
}
