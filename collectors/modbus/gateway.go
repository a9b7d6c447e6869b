package modbus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goburrow/modbus"

	"github.com/aisle-dcim/aisle/collectors"
)

// GatewayOptions are how one connection behaves. Zero fields take the default.
type GatewayOptions struct {
	// Serial sends serial frames in the TCP stream instead of Modbus TCP.
	Serial bool
	// Timeout of one request, connecting included. Default 2 s.
	Timeout time.Duration
	// Gap is the least silence between an answer and the next request. Default 0.
	Gap time.Duration
	// Retries after a time-out, a lost connection or "busy". Default 1,
	// negative for none.
	Retries int
	// Idle closes a connection that long unused. Default 60 s.
	Idle time.Duration
	// Dial opens the connection; the default is a plain TCP dial.
	Dial func(ctx context.Context, address string) (net.Conn, error)

	port *serialLine // instead of a TCP connection
}

// GatewayStats counts what happened on one connection.
type GatewayStats struct {
	Requests, Timeouts, Reconnects, Exceptions, Malformed, Foreign uint64
}

// Gateway is one Modbus endpoint, with one device or many unit ids behind it.
// It owns the only connection to it and lets one request at a time through,
// whoever asks. It is safe for concurrent use.
type Gateway struct {
	address string
	opt     GatewayOptions
	framing framing

	turn chan struct{} // holds one token: who has it owns the fields below
	conn line
	// rest are bytes of conn that came behind the last answer.
	rest []byte
	// armed is the deadline that conn has, and watching what ends it sooner.
	armed    time.Time
	watching *watch
	id       uint16
	last     time.Time // end of the last exchange
	// until is when dialling may be tried again after it failed.
	until   time.Time
	backoff time.Duration
	dialErr error
	// quiet is until when a serial line is left alone after a time-out or a
	// damaged frame.
	quiet time.Time

	gap    atomic.Int64 // nanoseconds
	idleMu sync.Mutex
	idle   *time.Timer

	requests, timeouts, reconnects, exceptions, malformed, foreign atomic.Uint64
}

// defaultTimeout of one request.
const defaultTimeout = 2 * time.Second

// errClosed is a connection that the other side ended.
var errClosed = errors.New("connection closed by the device")

// The pace of dialling an endpoint that refuses.
const (
	firstBackoff = 250 * time.Millisecond
	lastBackoff  = 30 * time.Second
	// maxForeign frames are skipped in one exchange before the connection is
	// given up as out of step.
	maxForeign = 8
	// serialQuiet bounds how long a serial line is left alone after a time-out or
	// a damaged frame. A converter passes a late answer, or the rest of one, to
	// whoever is connected, and nothing in it tells to which question it belongs.
	serialQuiet = 500 * time.Millisecond
	// stillGap is the least silence on a line that brought something unasked:
	// converters pass on what they hear in pieces.
	stillGap = 10 * time.Millisecond
	// busyPause is the first wait for a device that says it is busy.
	busyPause = 100 * time.Millisecond
)

// NewGateway returns a gateway that connects when first asked.
func NewGateway(address string, opt GatewayOptions) *Gateway {
	if opt.Timeout <= 0 {
		opt.Timeout = defaultTimeout
	}
	if opt.Idle <= 0 {
		opt.Idle = time.Minute
	}
	if opt.Retries == 0 {
		opt.Retries = 1
	}
	if opt.Dial == nil {
		opt.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	g := &Gateway{address: address, opt: opt, framing: tcpFraming{}, turn: make(chan struct{}, 1)}
	if opt.Serial {
		g.framing = rtuFraming{}
	}
	g.gap.Store(int64(opt.Gap))
	g.turn <- struct{}{}
	return g
}

// Stats returns the counters so far.
func (g *Gateway) Stats() GatewayStats {
	return GatewayStats{
		Requests: g.requests.Load(), Timeouts: g.timeouts.Load(), Reconnects: g.reconnects.Load(),
		Exceptions: g.exceptions.Load(), Malformed: g.malformed.Load(), Foreign: g.foreign.Load(),
	}
}

// Close closes the connection after the request under way. A later request
// opens it again.
func (g *Gateway) Close() error {
	<-g.turn
	g.drop()
	g.turn <- struct{}{}
	return nil
}

// drop closes the connection; the caller has the turn.
func (g *Gateway) drop() {
	g.idleMu.Lock()
	if g.idle != nil {
		g.idle.Stop()
	}
	g.idleMu.Unlock()
	g.unwatch()
	if g.conn != nil {
		_ = g.conn.Close() // nothing is buffered, and the peer may be gone
		g.conn = nil
	}
	g.rest = nil
}

// closeIdle runs on a timer of its own and gives way to a request under way.
func (g *Gateway) closeIdle() {
	select {
	case <-g.turn:
	default:
		g.wakeIdle(g.opt.Idle)
		return
	}
	if rest := g.opt.Idle - time.Since(g.last); rest <= 0 {
		g.drop()
	} else if g.conn != nil {
		g.wakeIdle(rest)
	}
	g.turn <- struct{}{}
}

// wakeIdle has closeIdle look at the connection after a while.
func (g *Gateway) wakeIdle(after time.Duration) {
	g.idleMu.Lock()
	defer g.idleMu.Unlock()
	if g.idle == nil {
		g.idle = time.AfterFunc(after, g.closeIdle)
	} else {
		g.idle.Reset(after)
	}
}

// pace is how long one device behind the gateway may take. Zero fields take
// the gateway's own.
type pace struct {
	timeout time.Duration
	retries int
}

// paceOf fills in the gateway's own pace.
func (g *Gateway) paceOf(p pace) pace {
	if p.timeout <= 0 {
		p.timeout = g.opt.Timeout
	}
	if p.retries == 0 {
		p.retries = g.opt.Retries
	}
	return p
}

// take waits for the turn, give passes it on.
func (g *Gateway) take(ctx context.Context) error {
	select {
	case <-g.turn:
		return nil
	default:
	}
	select {
	case <-g.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Gateway) give() { g.turn <- struct{}{} }

// slowDown makes the silence between requests at least gap: devices on one
// line hear each other's requests.
func (g *Gateway) slowDown(gap time.Duration) {
	for {
		old := g.gap.Load()
		if int64(gap) <= old || g.gap.CompareAndSwap(old, int64(gap)) {
			return
		}
	}
}

// client returns goburrow's client for one unit behind the gateway; its calls
// end with ctx.
func (g *Gateway) client(ctx context.Context, p pace, unit byte) modbus.Client {
	x := &exchange{ctx: ctx, gateway: g, pace: p, unit: unit}
	return modbus.NewClient2(x, x)
}

// exchange lets goburrow's client, whose interfaces know no context, speak for
// one unit through the gateway. It lives for one call.
type exchange struct {
	ctx     context.Context //nolint:containedctx // goburrow's Transporter has no room for it
	gateway *Gateway
	pace    pace
	unit    byte
	answer  *modbus.ProtocolDataUnit
}

// Encode keeps the PDU: the frame is made when the connection is ours.
func (x *exchange) Encode(pdu *modbus.ProtocolDataUnit) ([]byte, error) {
	return append([]byte{pdu.FunctionCode}, pdu.Data...), nil
}

// Send performs the exchange.
func (x *exchange) Send(request []byte) ([]byte, error) {
	answer, err := x.gateway.do(x.ctx, x.pace, x.unit, &modbus.ProtocolDataUnit{FunctionCode: request[0], Data: request[1:]})
	x.answer = answer
	return request, err
}

// Verify has nothing left to do: read has matched the answer to its request.
func (x *exchange) Verify(_, _ []byte) error { return nil }

// Decode returns the answer that Send got.
func (x *exchange) Decode(_ []byte) (*modbus.ProtocolDataUnit, error) { return x.answer, nil }

// do sends one request and returns its answer, exceptions included. Reading
// changes nothing in the device, so that a lost exchange may be repeated.
// A function that is not known to read is not sent.
func (g *Gateway) do(ctx context.Context, p pace, unit byte, pdu *modbus.ProtocolDataUnit) (*modbus.ProtocolDataUnit, error) {
	if !reads(pdu.FunctionCode) {
		return nil, fmt.Errorf("function %d: %w", pdu.FunctionCode, collectors.ErrReadOnly)
	}
	p = g.paceOf(p)
	if err := g.take(ctx); err != nil {
		return nil, err
	}
	defer g.give()
	for attempt := 0; ; attempt++ {
		kept := g.conn != nil
		answer, err := g.once(ctx, p.timeout, unit, pdu)
		g.last = time.Now()
		busy := err == nil && isBusy(answer)
		if err == nil && !busy {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if kept && errors.Is(err, errClosed) {
			attempt-- // an idle connection that the other side gave up costs no retry
			continue
		}
		if attempt >= p.retries {
			return answer, err
		}
		if busy {
			if err := wait(ctx, time.Duration(attempt+1)*busyPause); err != nil {
				return nil, err
			}
		}
	}
}

// isBusy tells an exception that asks to come back later.
func isBusy(pdu *modbus.ProtocolDataUnit) bool {
	if pdu.FunctionCode&0x80 == 0 || len(pdu.Data) == 0 {
		return false
	}
	return pdu.Data[0] == modbus.ExceptionCodeServerDeviceBusy || pdu.Data[0] == modbus.ExceptionCodeAcknowledge
}

func (g *Gateway) once(ctx context.Context, timeout time.Duration, unit byte, pdu *modbus.ProtocolDataUnit) (*modbus.ProtocolDataUnit, error) {
	g.requests.Add(1)
	if err := g.silence(ctx); err != nil {
		return nil, err
	}
	deadline := g.deadline(ctx, timeout)
	if err := g.connect(ctx, deadline); err != nil {
		return nil, err
	}
	g.id++
	request := g.framing.encode(g.id, unit, pdu)
	frame, err := g.transfer(ctx, deadline, request)
	if err != nil {
		// Whatever else arrives on this connection could be taken for the
		// answer to a later question.
		g.drop()
		if g.opt.Serial && (isTimeout(err) || errors.Is(err, collectors.ErrProtocol)) {
			g.quiet = time.Now().Add(min(timeout, serialQuiet))
		}
		return nil, g.describe(err, timeout)
	}
	answer, err := g.framing.decode(frame)
	if err != nil {
		return nil, err
	}
	if answer.FunctionCode&0x80 != 0 {
		g.exceptions.Add(1)
	}
	return answer, nil
}

// silence keeps the gap between requests, and leaves a line alone that may yet
// bring a late answer.
func (g *Gateway) silence(ctx context.Context) error {
	if gap := time.Duration(g.gap.Load()); gap > 0 {
		if rest := gap - time.Since(g.last); rest > 0 {
			if err := wait(ctx, rest); err != nil {
				return err
			}
		}
	}
	if !g.quiet.IsZero() {
		if rest := time.Until(g.quiet); rest > 0 {
			return wait(ctx, rest)
		}
	}
	return nil
}

// deadline is the end of a request that begins now.
func (g *Gateway) deadline(ctx context.Context, timeout time.Duration) time.Time {
	deadline := time.Now().Add(timeout)
	if limit, ok := ctx.Deadline(); ok && limit.Before(deadline) {
		return limit
	}
	return deadline
}

func (g *Gateway) connect(ctx context.Context, deadline time.Time) error {
	if g.conn != nil {
		g.watch(ctx)
		return nil
	}
	asking := ctx
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if now := time.Now(); now.Before(g.until) {
		return fmt.Errorf("%w (next try in %s)", g.dialErr, g.until.Sub(now).Round(10*time.Millisecond))
	}
	conn, err := g.dial(ctx)
	if limit, ok := asking.Deadline(); err != nil && (asking.Err() != nil || ok && !time.Now().Before(limit)) {
		// It was given up, which tells the others behind the gateway nothing.
		return fmt.Errorf("connect to %s: %w", g.address, err)
	}
	if err != nil {
		g.backoff = min(max(2*g.backoff, firstBackoff), lastBackoff)
		g.until = time.Now().Add(g.backoff)
		if errors.Is(err, syscall.ECONNREFUSED) {
			err = collectors.ErrRefused
		}
		g.dialErr = fmt.Errorf("connect to %s: %w: %w", g.address, collectors.ErrNoConnection, err)
		return g.dialErr
	}
	g.backoff = 0
	g.conn = conn
	g.watch(asking)
	g.reconnects.Add(1)
	g.wakeIdle(g.opt.Idle)
	return nil
}

// watch ends what is under way on a connection when the context of the one who
// asks ends.
type watch struct {
	done <-chan struct{} // of the context
	stop func() bool

	mu   sync.Mutex
	conn line // nil when it is over
}

func (w *watch) cancel() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.SetDeadline(time.Unix(1, 0)) // on an error it has ended by itself
	}
}

// watch has the connection watch ctx, whoever asked before. One watch serves
// as long as the same context asks, poll after poll.
func (g *Gateway) watch(ctx context.Context) {
	done := ctx.Done()
	if g.watching != nil && g.watching.done == done {
		return
	}
	g.unwatch()
	w := &watch{done: done, conn: g.conn}
	w.stop = context.AfterFunc(ctx, w.cancel)
	g.watching = w
}

// unwatch ends the watch: the deadline is nobody's but the gateway's again.
func (g *Gateway) unwatch() {
	w := g.watching
	if w == nil {
		return
	}
	w.stop()
	w.mu.Lock()
	w.conn = nil
	w.mu.Unlock()
	g.watching, g.armed = nil, time.Time{}
}

// slack is by which part of it a time-out may be longer, so that the deadline
// of a connection needs not be moved for every request.
const slack = 8

// arm gives the connection time from now on.
func (g *Gateway) arm(ctx context.Context, timeout time.Duration) error {
	now := time.Now()
	least, most := now.Add(timeout), now.Add(timeout+timeout/slack)
	if limit, ok := ctx.Deadline(); ok && limit.Before(most) {
		least, most = limit, limit
	}
	if g.armed.Before(least) || g.armed.After(most) {
		if err := g.conn.SetDeadline(most); err != nil {
			return err
		}
		g.armed = most
	}
	return ctx.Err() // had it ended before, its deadline would be overwritten
}

func (g *Gateway) dial(ctx context.Context) (line, error) {
	if g.opt.port != nil {
		return g.opt.port.open(ctx)
	}
	return g.opt.Dial(ctx, g.address)
}

// transfer writes the request and reads frames until one answers it.
func (g *Gateway) transfer(ctx context.Context, deadline time.Time, request []byte) ([]byte, error) {
	g.armed = deadline
	if err := g.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if g.opt.Serial {
		if err := g.discardWaiting(ctx, deadline); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err() // had it ended before, its deadline would be overwritten
	}
	if _, err := g.conn.Write(request); err != nil {
		return nil, err
	}
	for range maxForeign {
		frame, matches, err := g.framing.read(g, g.id, request)
		if err != nil {
			return nil, err
		}
		if matches {
			return frame, nil
		}
		g.foreign.Add(1)
	}
	return nil, malformed("%d frames in a row answer other requests", maxForeign)
}

// Read reads the connection, what came behind the last answer first.
func (g *Gateway) Read(b []byte) (int, error) {
	if len(g.rest) > 0 {
		n := copy(b, g.rest)
		g.rest = g.rest[n:]
		return n, nil
	}
	return g.conn.Read(b)
}

// discardWaiting throws away bytes that came unasked: serial framing gives
// them no number to know them by. While they come it waits on, until the
// deadline: who asked meanwhile would get an answer that nobody can read.
func (g *Gateway) discardWaiting(ctx context.Context, deadline time.Time) error {
	end := time.Now().Add(time.Millisecond)
	gap := max(time.Duration(g.gap.Load()), stillGap)
	var waste [512]byte
	for ctx.Err() == nil {
		if err := g.conn.SetReadDeadline(end); err != nil {
			return err
		}
		n, err := g.Read(waste[:])
		if n > 0 {
			g.foreign.Add(1)
			if end = time.Now().Add(gap); end.After(deadline) {
				return malformed("the line is not silent")
			}
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return err
		}
	}
	return g.conn.SetReadDeadline(deadline)
}

// describe gives a lost exchange its place and kind.
func (g *Gateway) describe(err error, timeout time.Duration) error {
	if errors.Is(err, collectors.ErrProtocol) {
		g.malformed.Add(1)
		return fmt.Errorf("read from %s: %w", g.address, err)
	}
	if isTimeout(err) {
		g.timeouts.Add(1)
		return fmt.Errorf("read from %s: %w within %s", g.address, collectors.ErrUnreachable, timeout)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		err = errClosed
	}
	return fmt.Errorf("read from %s: %w: %w", g.address, collectors.ErrUnreachable, err)
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// wait sleeps for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
