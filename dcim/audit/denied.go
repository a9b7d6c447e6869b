package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aisle-dcim/aisle/dcim/access"
)

// Of the same refusal to the same actor, this many in a window are written
// one by one; the rest are counted and the count is written with the next one
// after the window. A flood of refused requests must not fill the disk.
const (
	refusalBurst  = 5
	refusalWindow = time.Minute
	maxRefusals   = 4096
	refusalWait   = 5 * time.Second
)

type refusalKey struct {
	actor, address string
	op             access.Operation
}

type refusal struct {
	start      time.Time
	written    int
	suppressed int
}

// Denied writes a refusal to the log; give it to access.WithDenied. It does
// not fail: a log that cannot be written is told to the program's log.
func (l *Log) Denied(ctx context.Context, op access.Operation, err error) {
	p, _ := access.From(ctx)
	k := refusalKey{actor: p.Name, address: p.Address, op: op}
	if errors.Is(err, access.ErrUnauthenticated) {
		// Strangers choose their addresses; they are one actor.
		k = refusalKey{op: op}
	}
	write, suppressed := l.admit(k)
	if !write {
		return
	}
	e := Entry{Action: "denied", ObjectType: "operation", ObjectID: string(op), Outcome: Denied, Detail: err.Error()}
	if suppressed > 0 {
		e.Detail = fmt.Sprintf("%s; %d more before", e.Detail, suppressed)
	}
	var f *access.ForbiddenError
	if errors.As(err, &f) && f.Site != 0 {
		e.ObjectName = fmt.Sprintf("site %d", f.Site)
	}
	// The request may be over and the caller in a transaction: neither may
	// keep the entry out or wait for ever.
	wctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refusalWait)
	defer cancel()
	if werr := l.Write(wctx, e); werr != nil {
		l.log.Error("refusal not written to the audit log", "operation", string(op), "actor", p.Name, "err", werr)
	}
}

func (l *Log) admit(k refusalKey) (write bool, suppressed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	r := l.refusals[k]
	if r == nil {
		if len(l.refusals) >= maxRefusals {
			for old, x := range l.refusals {
				if now.Sub(x.start) >= refusalWindow {
					delete(l.refusals, old)
				}
			}
			if len(l.refusals) >= maxRefusals {
				clear(l.refusals)
			}
		}
		r = &refusal{start: now}
		l.refusals[k] = r
	}
	if now.Sub(r.start) >= refusalWindow {
		suppressed = r.suppressed
		*r = refusal{start: now}
	}
	if r.written >= refusalBurst {
		r.suppressed++
		return false, 0
	}
	r.written++
	return true, suppressed
}
