package snmp

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/aisle-dcim/aisle/collectors/snmp/ber"
)

// exchange is one request that is not part of a poll.
type exchange struct {
	call      call
	community community
	reply     []byte
	result    chan error
}

func (x *exchange) answer(datagram []byte) (bool, *call) {
	if m, err := ber.Decode(datagram); err == nil && !x.community.answers(&m) {
		return false, nil
	}
	x.reply = append([]byte(nil), datagram...)
	x.result <- nil
	return true, nil
}

func (x *exchange) fail(err error) *call {
	x.result <- err
	return nil
}

// exchange sends a message until it is answered or the tries are used up.
func (e *Engine) exchange(ctx context.Context, to netip.AddrPort, c community, id int32, message []byte, timeout time.Duration, retries int) ([]byte, error) {
	if err := e.rates.wait(ctx, to.Addr(), 1); err != nil {
		return nil, fmt.Errorf("ask %s: %w", to, err)
	}
	l, err := e.lane(to)
	if err != nil {
		return nil, err
	}
	x := &exchange{community: c, result: make(chan error, 1)}
	x.call = call{id: id, to: to, message: message, timeout: timeout, retries: retries, owner: x}
	l.send(&x.call)
	select {
	case err := <-x.result:
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", to, err)
		}
		return x.reply, nil
	case <-ctx.Done():
		l.drop(&x.call)
		return nil, ctx.Err()
	}
}
