package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-dcim/aisle/collectors"
	"github.com/aisle-dcim/aisle/collectors/discover"
	"github.com/aisle-dcim/aisle/collectors/profile"
	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/credential"
	"github.com/aisle-dcim/aisle/dcim/fault"
	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/models/endpoint"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// target makes out what is to be looked at, and whether who asks may. Its
// secrets are never told.
func (b *bench) target(ctx context.Context, in apigen.LookInput) (collectors.Target, error) {
	var (
		t   collectors.Target
		err error
		id  *uint64
	)
	given := 0
	for _, is := range []bool{in.Device != nil, in.Finding != nil, in.Address != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		return t, fault.Invalid("address", "required", "name either a device, a finding or an address")
	}
	switch {
	case in.Device != nil:
		t, id, err = b.ofDevice(ctx, models.DeviceID(*in.Device))
	case in.Finding != nil:
		t, id, err = b.ofFinding(ctx, *in.Finding)
	default:
		t, id, err = b.ofAddress(ctx, in)
	}
	if err != nil {
		return t, err
	}
	if in.Profile != nil {
		t.Profile = *in.Profile
	}
	if t.Profile != "" {
		p, ok := b.app.profiles.Set().Get(t.Profile)
		if !ok {
			return t, fault.Invalid("profile", "unknown", "there is no such profile")
		}
		if p.Abstract || (p.Protocol == profile.SNMP) != isSNMP(t.Protocol) {
			return t, fault.Invalid("profile", "kind", fmt.Sprintf("profile %s is not one for devices of this protocol", t.Profile))
		}
	}
	if at, err := netip.ParseAddrPort(t.Address); err == nil && !b.app.opt.Config.Collectors.AllowsTarget(at.Addr()) {
		return t, fault.Invalid("address", "not_allowed", "the configuration does not allow this address to be polled")
	}
	t.Name = t.Address
	if id != nil {
		if t.SNMP, err = b.app.openCredential(ctx, *id); err != nil {
			if errors.Is(err, credential.ErrKey) || errors.Is(err, credential.ErrDamaged) {
				return t, fault.Invalid("credential", "locked", "its secrets cannot be opened: enter them again")
			}
			return t, err
		}
	} else if isSNMP(t.Protocol) {
		return t, fault.Invalid("credential", "required", "SNMP needs a credential")
	}
	return t, nil
}

func isSNMP(p collectors.Protocol) bool { return strings.HasPrefix(string(p), "snmp") }

// ofDevice: who may have it polled may look at it.
func (b *bench) ofDevice(ctx context.Context, id models.DeviceID) (collectors.Target, *uint64, error) {
	var t collectors.Target
	if err := access.Require(ctx, access.PollDevice); err != nil {
		return t, nil, err
	}
	d, err := b.app.inventory.Device(ctx, id)
	if err != nil {
		return t, nil, err
	}
	if err := access.RequireSite(ctx, access.PollDevice, d.SiteID); err != nil {
		return t, nil, err
	}
	if d.Protocol == "" || d.Address == "" {
		return t, nil, fault.Invalid("device", "not_polled", "the device has no address to be read at")
	}
	return collectors.Target{
		Device: d.ID, Address: d.Address, Protocol: collectors.Protocol(d.Protocol), Profile: d.Profile,
		Modbus: collectors.ModbusAddress{Unit: d.UnitID}, Timeout: time.Duration(d.TimeoutMS) * time.Millisecond,
	}, d.CredentialID, nil
}

// ofFinding: who may adopt it may look at it.
func (b *bench) ofFinding(ctx context.Context, id uint64) (collectors.Target, *uint64, error) {
	f, err := b.app.scanner.service.Own(ctx, id)
	if err != nil {
		return collectors.Target{}, nil, err
	}
	return collectors.Target{
		Address: f.Address, Protocol: collectors.Protocol(f.Protocol), Profile: f.Profile, Modbus: collectors.ModbusAddress{Unit: f.UnitID},
	}, f.CredentialID, nil
}

// ofAddress: who may search for devices may look at an address, with a
// credential that he may know of.
func (b *bench) ofAddress(ctx context.Context, in apigen.LookInput) (collectors.Target, *uint64, error) {
	var t collectors.Target
	if err := access.Require(ctx, access.DiscoverDevices); err != nil {
		return t, nil, err
	}
	if in.Protocol == nil {
		return t, nil, fault.Invalid("protocol", "required", "how the device is spoken to must be said")
	}
	t.Protocol = collectors.Protocol(*in.Protocol)
	if t.Modbus.Unit = 1; in.UnitId != nil {
		t.Modbus.Unit = uint8(*in.UnitId)
	}
	port := uint16(502)
	if isSNMP(t.Protocol) {
		port = 161
		if in.Credential != nil {
			if err := access.Require(ctx, access.ReadCredentials); err != nil {
				return t, nil, err
			}
			if err := b.credentialFits(ctx, *in.Credential, t.Protocol); err != nil {
				return t, nil, err
			}
		}
	} else {
		in.Credential = nil
	}
	host, at, err := endpoint.Parse(*in.Address, port)
	if err != nil {
		return t, nil, fault.Invalid("address", "format", fmt.Sprintf("must be host or host:port; %v", err))
	}
	if strings.Contains(host, "%") {
		return t, nil, fault.Invalid("address", "format", "must be without a zone")
	}
	if host, err = b.confined(ctx, host); err != nil {
		return t, nil, err
	}
	t.Address = net.JoinHostPort(host, strconv.Itoa(int(at)))
	return t, in.Credential, nil
}

// lookupLimit bounds how long names are resolved for one look.
const lookupLimit = 5 * time.Second

// confined lets who is confined to sites look at addresses of devices of those
// sites, and of their discovery ranges, where no device of another site is. It
// returns the host to speak to: an address, so that a name cannot come to mean
// another one afterwards. What is refused is refused in one way, which does not
// tell what there is at other sites.
func (b *bench) confined(ctx context.Context, host string) (string, error) {
	p, _ := access.From(ctx)
	if _, all := access.Sites(ctx); all {
		return host, nil
	}
	limited, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	asked, err := addressesOf(limited, host)
	if err != nil {
		return "", fault.Invalid("address", "unknown", "the name cannot be resolved")
	}
	own := map[netip.Addr]bool{}
	ranges, err := b.app.scanner.service.Ranges(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range ranges {
		list, err := discover.ParseRanges(r.Ranges)
		if err != nil {
			return "", fmt.Errorf("discovery range %s: %w", r.Name, err)
		}
		for _, a := range list {
			own[a.Unmap()] = true
		}
	}
	devices, err := b.app.inventory.Addressed(system(ctx))
	if err != nil {
		return "", err
	}
	others := map[netip.Addr]bool{}
	for _, d := range devices {
		at := d.Address
		if h, _, err := net.SplitHostPort(at); err == nil {
			at = h
		}
		mine := p.CanSite(access.DiscoverDevices, d.SiteID)
		if strings.EqualFold(at, host) && !mine {
			return "", access.RequireSite(ctx, access.DiscoverDevices, 0)
		}
		list, err := addressesOf(limited, at)
		if err != nil {
			continue // a serial port, or a name that leads nowhere
		}
		for _, a := range list {
			if mine {
				own[a] = true
			} else {
				others[a] = true
			}
		}
	}
	for _, a := range asked {
		if others[a] || !own[a] {
			return "", access.RequireSite(ctx, access.DiscoverDevices, 0)
		}
	}
	return asked[0].String(), nil
}

// addressesOf returns at least one address, or an error.
func addressesOf(ctx context.Context, host string) ([]netip.Addr, error) {
	host = strings.Trim(host, "[]")
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap().WithZone("")}, nil
	}
	if host == "" || strings.ContainsAny(host, "/\\ ") {
		return nil, fmt.Errorf("%q is no host", host)
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i] = list[i].Unmap().WithZone("")
	}
	return list, nil
}

// credentialFits keeps a credential from being tried where it cannot fit.
func (b *bench) credentialFits(ctx context.Context, id uint64, protocol collectors.Protocol) error {
	list, err := b.app.core.Credentials.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.ID == id {
			if (c.Kind == "snmp-v3") != (protocol == collectors.SNMPv3) {
				return fault.Invalid("credential", "kind", fmt.Sprintf("is of kind %s, which does not open %s", c.Kind, protocol))
			}
			return nil
		}
	}
	return fault.NotFound("credential", id)
}
