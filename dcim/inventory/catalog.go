package inventory

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/models"
)

// Catalog holds all points in memory, so that no screen and no sample needs the
// database to know what a point is. It is safe for concurrent use. What it
// returns is shared: do not change it.
type Catalog struct {
	mu      sync.RWMutex
	points  map[models.PointID]*models.Point
	devices map[models.DeviceID][]*models.Point
}

func newCatalog() *Catalog {
	return &Catalog{points: map[models.PointID]*models.Point{}, devices: map[models.DeviceID][]*models.Point{}}
}

// Point returns a point, also when it is retired.
func (c *Catalog) Point(id models.PointID) (*models.Point, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.points[id]
	return p, ok
}

// Device returns the points that a device has now, in the device's order.
func (c *Catalog) Device(id models.DeviceID) []*models.Point {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.devices[id]
}

// Key returns the point that a device has now under a key.
func (c *Catalog) Key(id models.DeviceID, key string) (*models.Point, bool) {
	for _, p := range c.Device(id) {
		if p.Key == key {
			return p, true
		}
	}
	return nil, false
}

// WithRole returns the points of the devices that have a role, by device.
func (c *Catalog) WithRole(role string, devices ...models.DeviceID) map[models.DeviceID][]*models.Point {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := map[models.DeviceID][]*models.Point{}
	for _, d := range devices {
		for _, p := range c.devices[d] {
			if p.Role == role {
				out[d] = append(out[d], p)
			}
		}
	}
	return out
}

// Len counts the points that devices have now, and those devices.
func (c *Catalog) Len() (points, devices int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, ps := range c.devices {
		points += len(ps)
	}
	return points, len(c.devices)
}

// set makes live the points of a device; others of it become retired and are
// returned.
func (c *Catalog) set(id models.DeviceID, live []*models.Point, now time.Time) (retired []models.PointID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := make(map[models.PointID]bool, len(live))
	for _, p := range live {
		keep[p.ID] = true
		c.points[p.ID] = p
	}
	for _, p := range c.devices[id] {
		if !keep[p.ID] {
			gone := *p
			gone.RetiredAt = &now
			c.points[p.ID] = &gone
			retired = append(retired, p.ID)
		}
	}
	if len(live) == 0 {
		delete(c.devices, id)
	} else {
		c.devices[id] = live
	}
	return retired
}

// remove forgets a device that was deleted and returns its points.
func (c *Catalog) remove(id models.DeviceID) (gone []models.PointID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.devices, id)
	for pid, p := range c.points {
		if p.DeviceID == id {
			delete(c.points, pid)
			gone = append(gone, pid)
		}
	}
	return gone
}

// LoadCatalog reads all points; call it once, before points are registered.
func (s *Service) LoadCatalog(ctx context.Context) error {
	if err := access.RequireSystem(ctx, access.ReadFacility); err != nil {
		return err
	}
	s.registering.Lock()
	defer s.registering.Unlock()
	points, devices := map[models.PointID]*models.Point{}, map[models.DeviceID][]*models.Point{}
	// Thousands of points share their states; they share the map too.
	known := map[string]map[int64]models.StateText{}
	var after models.PointID
	const batch = 10_000
	// The points come in the order of their ids, so those of a device are put
	// in the device's own order afterwards.
	for {
		rows, err := loadPoints(s.db.WithContext(ctx), after, batch, known)
		if err != nil {
			return err
		}
		for _, p := range rows {
			points[p.ID] = p
			if p.RetiredAt == nil {
				devices[p.DeviceID] = append(devices[p.DeviceID], p)
			}
			after = p.ID
		}
		if len(rows) < batch {
			break
		}
	}
	for _, ps := range devices {
		sortPoints(ps)
	}
	s.catalog.mu.Lock()
	defer s.catalog.mu.Unlock()
	s.catalog.points, s.catalog.devices = points, devices
	return nil
}

// rawPoint is a Point whose states are not decoded yet.
type rawPoint struct {
	models.Point
	RawStates string
}

func loadPoints(q *gorm.DB, after models.PointID, limit int, known map[string]map[int64]models.StateText) ([]*models.Point, error) {
	var rows []rawPoint
	err := q.Table("points").Select("id, device_id, generation, key, class, component, label, limits, poll_group, interval_ms, step, source, role, "+
		"ordinal, created_at, retired_at, COALESCE(states, '') AS raw_states").Where("id > ?", after).Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	out := make([]*models.Point, len(rows))
	for i := range rows {
		r := &rows[i]
		if r.RawStates != "" {
			states, ok := known[r.RawStates]
			if !ok {
				if err := json.Unmarshal([]byte(r.RawStates), &states); err != nil {
					return nil, fmt.Errorf("read states of point %d: %w", r.ID, err)
				}
				known[r.RawStates] = states
			}
			r.States = states
		}
		p := r.Point
		out[i] = &p
	}
	return out, nil
}

// All returns the points that devices have now, in no order.
func (c *Catalog) All() []*models.Point {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []*models.Point
	for _, ps := range c.devices {
		out = append(out, ps...)
	}
	return out
}
