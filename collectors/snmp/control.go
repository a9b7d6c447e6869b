package snmp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
	"github.com/aisle-dcim/aisle/collectors/snmp/usm"
)

// writer is the only thing that makes SET requests. An engine has one only
// when it was built to write.
type writer struct{ engine *Engine }

// Controller is a Driver of a device that may be written.
type Controller struct {
	*Driver
	writer *writer // nil for dry runs only
	// session opens the agent with what may write, for one dry run or write.
	session *session
}

var _ collectors.Controller = (*Controller)(nil)

// Close implements collectors.Driver.
func (c *Controller) Close() error {
	c.hangUp()
	return c.Driver.Close()
}

func (c *Controller) hangUp() {
	if c.session != nil {
		c.session.close()
		c.session = nil
	}
}

// control finds a control that was learned, and what it would write.
func (c *Controller) control(key string, a collectors.Action) (*profile.ResolvedControl, profile.Raw, error) {
	if c.device == nil {
		return nil, profile.Raw{}, fmt.Errorf("%w: it was not learned yet", collectors.ErrNoControl)
	}
	for i := range c.device.Controls {
		x := &c.device.Controls[i]
		if x.Spec.Key != key {
			continue
		}
		raw, err := x.Encode(a.Option, a.Value)
		if err != nil {
			return nil, raw, fmt.Errorf("%w: %w", collectors.ErrAction, err)
		}
		return x, raw, nil
	}
	return nil, profile.Raw{}, fmt.Errorf("%w: %s", collectors.ErrNoControl, key)
}

// Intend implements collectors.Controller.
func (c *Controller) Intend(ctx context.Context, key string, a collectors.Action) (collectors.Intent, error) {
	x, raw, err := c.control(key, a)
	if err != nil {
		return collectors.Intent{}, err
	}
	out := intent(x, a, raw)
	defer c.hangUp()
	// The object is read with what may write: a credential that is wrong shows
	// before anything is sent.
	now, err := c.read(ctx, x)
	if err != nil {
		return out, err
	}
	if x.Readable {
		out.Current = x.Text(now)
		option, value, ok := x.Value(now)
		out.CurrentOption = option
		if ok && option == "" {
			out.CurrentValue = &value
		}
	}
	return out, nil
}

func intent(x *profile.ResolvedControl, a collectors.Action, raw profile.Raw) collectors.Intent {
	return collectors.Intent{Target: "SET " + x.Object(a.Option), Raw: x.Text(raw)}
}

// read opens the session that writes and reads the object of a control with it,
// where it can be read, and with it sysUpTime and all that the control was found by, in
// one request. When the agent restarted since the last poll, or a condition, the
// key or the name of the row is not what it was, the object may be another one by
// now, and the error is ErrMoved.
func (c *Controller) read(ctx context.Context, x *profile.ResolvedControl) (profile.Raw, error) {
	t := c.target
	t.SNMP = t.ControlSNMP
	to, _, err := c.engine.resolve(ctx, t, c.at)
	if err != nil {
		return profile.Raw{}, err
	}
	if normal(to) != c.at {
		return profile.Raw{}, fmt.Errorf("%w: its name stood for %s and stands for %s", collectors.ErrMoved, c.at, to)
	}
	if c.session, err = c.engine.open(t, to); err != nil {
		return profile.Raw{}, err
	}
	objects := x.Objects()
	names := [][]byte{sysUpTime}
	for _, oid := range objects {
		name, err := encode(oid)
		if err != nil {
			return profile.Raw{}, err
		}
		names = append(names, name)
	}
	values, failed, err := c.session.get(ctx, names)
	if err != nil {
		return profile.Raw{}, fmt.Errorf("with the credential for control: %w", c.tried(err))
	}
	if slices.Contains(failed, true) {
		return profile.Raw{}, fmt.Errorf("with the credential for control: %w: it does not tell all that the control depends on", collectors.ErrProtocol)
	}
	switch up := values[0]; {
	case up.Kind != profile.Int && c.upTime != 0:
		return profile.Raw{}, fmt.Errorf("%w: with the credential for control it does not tell how long it is up", collectors.ErrMoved)
	case up.Kind == profile.Int && c.began(up, time.Now()):
		return profile.Raw{}, fmt.Errorf("%w: it restarted", collectors.ErrMoved)
	}
	read := make(map[string]profile.Raw, len(objects))
	for i, oid := range objects {
		read[oid] = values[i+1]
	}
	if why := x.Changed(read); why != "" {
		return profile.Raw{}, fmt.Errorf("%w: with the credential for control: %s", collectors.ErrMoved, why)
	}
	return read[x.OID], nil
}

// Write implements collectors.Controller.
func (c *Controller) Write(ctx context.Context, key string, a collectors.Action, want collectors.Intent) error {
	if c.writer == nil {
		return collectors.ErrReadOnly
	}
	x, raw, err := c.control(key, a)
	if err != nil {
		return err
	}
	if got := intent(x, a, raw); !got.Same(want) {
		return fmt.Errorf("%w: %s to %s", collectors.ErrMoved, got.Target, got.Raw)
	}
	// The session is opened for this write alone. With SNMPv3 the engine is
	// discovered then: another one may answer by now, and a SET to the one before
	// would get no answer. With all versions an agent that does not answer is not
	// written to.
	defer c.hangUp()
	if _, err := c.read(ctx, x); err != nil {
		return err
	}
	env, err := c.session.envelope()
	if err != nil {
		return err
	}
	if env == nil {
		return fmt.Errorf("set %s: %w: the agent's engine is not known", x.Spec.Key, collectors.ErrProtocol)
	}
	object := x.Object(a.Option)
	name, err := encode(object)
	if err != nil {
		return err
	}
	tag, value, err := ber.EncodeValue(x.Tag, raw)
	if err != nil {
		return fmt.Errorf("%w: %w", collectors.ErrAction, err)
	}
	if err := c.writer.set(ctx, c.session, env, name, tag, value); err != nil {
		return fmt.Errorf("set %s at %s: %w", object, c.session.to, err)
	}
	return nil
}

// setting is one SET under way.
type setting struct {
	call     call
	envelope envelope
	name     []byte
	result   chan error
}

func (x *setting) answer(datagram []byte) (bool, *call) {
	status, _, bindings, err := x.envelope.open(datagram, x.call.id)
	switch {
	case errors.Is(err, errForeign):
		return false, nil
	case errors.Is(err, errAgain):
		// An authentic report: the message was outside the time window, so that
		// the agent did nothing.
		err = fmt.Errorf("%w: the clock of the agent's engine moved; nothing was written", collectors.ErrRejected)
	case err != nil: // a report that proves nothing
		err = fmt.Errorf("%w: %w", collectors.ErrUnanswered, err)
	case status == undoFailed: // half of it may be done
		err = fmt.Errorf("%w: %s", collectors.ErrUnanswered, statusText(status))
	case status != ber.NoError:
		err = fmt.Errorf("%w: %s", collectors.ErrRejected, statusText(status))
	default:
		// The answer names what was set, RFC 3416 section 4.2.5.
		if name, _, _, berr := bindings.Binding(); berr != nil || !bytes.Equal(name, x.name) {
			err = fmt.Errorf("%w: the answer names another object", collectors.ErrUnanswered)
		}
	}
	x.result <- err
	return true, nil
}

func (x *setting) fail(err error) *call {
	x.result <- fmt.Errorf("%w: %w", collectors.ErrUnanswered, err)
	return nil
}

// set sends a SET of one object, once.
func (w *writer) set(ctx context.Context, s *session, env envelope, name []byte, tag byte, value []byte) error {
	if err := w.engine.rates.wait(ctx, s.to.Addr(), 1); err != nil {
		return err
	}
	l, err := w.engine.lane(s.to)
	if err != nil {
		return err
	}
	id := w.engine.newID()
	message, err := seal(env, id, ber.AppendBinding(nil, name, tag, value))
	if err != nil {
		return err
	}
	x := &setting{envelope: env, name: name, result: make(chan error, 1)}
	x.call = call{id: id, to: s.to, message: message, timeout: s.timeout, owner: x} // no retries
	l.send(&x.call)
	select {
	case err := <-x.result:
		return err
	case <-ctx.Done():
		l.drop(&x.call)
		return fmt.Errorf("%w: %w", collectors.ErrUnanswered, ctx.Err())
	}
}

// seal makes the SET message of an envelope.
func seal(env envelope, id int32, bindings []byte) ([]byte, error) {
	switch e := env.(type) {
	case community:
		return ber.Encode(nil, e.version, e.name, ber.Set, id, 0, 0, bindings), nil
	case *secure:
		m := usm.Message{ID: id, Flags: e.keys.Flags() | usm.FlagReportable, EngineID: e.engineID, User: e.user, Boots: e.boots, Time: e.now()}
		return usm.Append(nil, m, e.keys, usm.PDU{ContextEngineID: e.engineID, Context: e.context, Tag: ber.Set, ID: id}, bindings), nil
	}
	return nil, fmt.Errorf("no SET for an envelope of type %T", env)
}

const undoFailed = 15

// statusText names an error-status, RFC 3416 section 3.
func statusText(status int) string {
	names := []string{
		"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength", "wrongEncoding",
		"wrongValue", "noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed", "undoFailed", "authorizationError",
		"notWritable", "inconsistentName",
	}
	if status > 0 && status < len(names) {
		return fmt.Sprintf("error-status %d (%s)", status, names[status])
	}
	return fmt.Sprintf("error-status %d", status)
}
