package db_test

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db"
	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
)

type row = map[string]any

// whole are rows that break no rule, in an order in which they can be added.
// Their ids are 1.
var whole = []struct {
	table string
	row   row
}{
	{"sites", row{"name": "s"}},
	{"locations", row{"site_id": 1, "name": "l", "kind": "room"}},
	{"rack_rows", row{"location_id": 1, "name": "r"}},
	{"manufacturers", row{"name": "m"}},
	{"rack_types", row{"manufacturer_id": 1, "model": "t", "u_height": 42}},
	{"racks", row{"site_id": 1, "location_id": 1, "name": "k", "u_height": 42, "asset_tag": "K"}},
	{"device_types", row{"manufacturer_id": 1, "model": "t", "kind": "pdu", "u_height": 1}},
	{"collectors", row{"name": "c"}},
	{"credentials", row{"name": "c", "kind": "modbus", "secret": "x"}},
	{"devices", row{"name": "d", "kind": "pdu", "site_id": 1, "asset_tag": "D"}},
	{"rack_slots", row{"rack_id": 1, "half_unit": 2, "face": "front", "side": "left", "device_id": 1}},
	{"placements", row{"device_id": 1, "place": "s", "from_at": db.Now()}},
	{"points", row{"device_id": 1, "key": "k", "class": "state"}},
	{"power_sources", row{"site_id": 1, "name": "u", "kind": "utility"}},
	{"power_panels", row{"site_id": 1, "name": "p", "kind": "main", "voltage_v": 400, "voltage_kind": "line-line", "phases": 3}},
	{"breakers", row{"power_panel_id": 1, "name": "b", "poles": 3, "amperage_a": 16}},
	{"power_feeds", row{
		"power_panel_id": 1, "name": "f", "phases": 3, "voltage_v": 400, "voltage_kind": "line-line", "amperage_a": 16,
	}},
	{"power_ports", row{"device_id": 1, "name": "p"}},
	{"power_outlets", row{"device_id": 1, "name": "o"}},
	{"cables", row{"site_id": 1}},
	{"cable_ends", row{"cable_id": 1, "cable_end": "A", "power_outlet_id": 1}},
	{"cooling_loops", row{"site_id": 1, "name": "w", "kind": "chilled-water"}},
	{"cooling_units", row{"device_id": 1, "kind": "crah"}},
}

// Tables whose rows carry no version and times, or only some.
var bare = map[string]string{
	"rack_slots": "", "cable_ends": "", "power_ports": "", "power_outlets": "", "placements": "",
	"points": "created_at", "credentials": "created_at updated_at",
}

func add(g *gorm.DB, table string, r row) error {
	r = maps.Clone(r)
	stamps, ok := bare[table]
	if !ok {
		stamps = "created_at updated_at"
	}
	for _, s := range strings.Fields(stamps) {
		r[s] = db.Now()
	}
	return g.Table(table).Create(r).Error
}

// badChecks break one rule each: the rule, the table, and what differs from the
// whole row.
var badChecks = []struct {
	rule, table string
	with        row
}{
	{"site_status", "sites", row{"status": "x"}},
	{"site_latitude", "sites", row{"latitude": 91}},
	{"site_longitude", "sites", row{"longitude": -181}},
	{"site_name", "sites", row{"name": ""}},
	{"location_name", "locations", row{"name": ""}},
	{"location_kind", "locations", row{"kind": "x"}},
	{"location_status", "locations", row{"status": "x"}},
	{"location_width", "locations", row{"width_m": -1}},
	{"location_depth", "locations", row{"depth_m": 2001}},
	{"location_tile", "locations", row{"tile_m": 11}},
	{"location_not_own_parent", "locations", row{"id": 77, "parent_id": 77}},
	{"row_name", "rack_rows", row{"name": ""}},
	{"row_rotation", "rack_rows", row{"rotation_deg": 360}},
	{"row_cold_side", "rack_rows", row{"cold_side": "x"}},
	{"manufacturer_name", "manufacturers", row{"name": ""}},
	{"rack_type_model", "rack_types", row{"model": ""}},
	{"rack_type_u_height", "rack_types", row{"u_height": 0}},
	{"rack_type_width", "rack_types", row{"width_mm": -1}},
	{"rack_type_depth", "rack_types", row{"depth_mm": 10001}},
	{"rack_type_height", "rack_types", row{"height_mm": -1}},
	{"rack_type_weight", "rack_types", row{"weight_kg": -1}},
	{"rack_type_max_weight", "rack_types", row{"max_weight_kg": -1}},
	{"rack_name", "racks", row{"name": ""}},
	{"rack_status", "racks", row{"status": "x"}},
	{"rack_position_in_row", "racks", row{"position_in_row": -1}},
	{"rack_rotation", "racks", row{"rotation_deg": -1}},
	{"rack_width", "racks", row{"width_mm": -1}},
	{"rack_depth", "racks", row{"depth_mm": -1}},
	{"rack_u_height", "racks", row{"u_height": 101}},
	{"rack_starting_unit", "racks", row{"starting_unit": -1}},
	{"rack_max_weight", "racks", row{"max_weight_kg": -1}},
	{"rack_max_power", "racks", row{"max_power_w": -1}},
	{"rack_on_plan", "racks", row{"x_m": 1}},
	{"device_type_model", "device_types", row{"model": ""}},
	{"device_type_kind", "device_types", row{"kind": "x"}},
	{"device_type_u_height", "device_types", row{"u_height": 0.7}},
	{"device_type_width", "device_types", row{"width_mm": -1}},
	{"device_type_depth", "device_types", row{"depth_mm": -1}},
	{"device_type_height", "device_types", row{"height_mm": -1}},
	{"device_type_weight", "device_types", row{"weight_kg": -1}},
	{"device_type_power", "device_types", row{"rated_power_w": -1}},
	{"collector_name", "collectors", row{"name": ""}},
	{"credential_name", "credentials", row{"name": ""}},
	{"credential_kind", "credentials", row{"kind": "x"}},
	{"device_name", "devices", row{"name": ""}},
	{"device_kind", "devices", row{"kind": "x"}},
	{"device_status", "devices", row{"status": "x"}},
	{"device_position_u", "devices", row{"rack_id": 1, "location_id": 1, "face": "front", "position_u": 1.3}},
	{"device_face", "devices", row{"face": "x"}},
	{"device_side", "devices", row{"rack_id": 1, "location_id": 1, "face": "front", "position_u": 1, "side": "x"}},
	{"device_zero_u_side", "devices", row{"rack_id": 1, "location_id": 1, "zero_u_side": "x"}},
	{"device_zero_u_offset", "devices", row{"zero_u_offset": -1}},
	{"device_rotation", "devices", row{"rotation_deg": 400}},
	{"device_protocol", "devices", row{"protocol": "x"}},
	{"device_unit_id", "devices", row{"unit_id": 256}},
	{"device_interval", "devices", row{"interval_s": -1}},
	{"device_timeout", "devices", row{"timeout_ms": -1}},
	{"device_generation", "devices", row{"generation": 0}},
	{"device_rack_has_location", "devices", row{"rack_id": 1}},
	{"device_in_units", "devices", row{"rack_id": 1, "location_id": 1, "position_u": 1}},
	{"device_half_width", "devices", row{"side": "left"}},
	{"device_zero_u", "devices", row{"zero_u_side": "left"}},
	{"device_on_plan", "devices", row{"location_id": 1, "y_m": 1}},
	{"device_on_floor", "devices", row{"x_m": 1, "y_m": 1}},
	{"device_polled", "devices", row{"poll_enabled": true}},
	{"rack_slot_face", "rack_slots", row{"face": "x"}},
	{"rack_slot_side", "rack_slots", row{"side": "x"}},
	{"placement_period", "placements", row{"to_at": db.Now().AddDate(-1, 0, 0)}},
	{"point_key", "points", row{"key": ""}},
	{"point_class", "points", row{"class": ""}},
	{"power_source_name", "power_sources", row{"name": ""}},
	{"power_source_kind", "power_sources", row{"kind": "x"}},
	{"power_source_status", "power_sources", row{"status": "x"}},
	{"power_source_voltage", "power_sources", row{"voltage_v": -1}},
	{"power_source_voltage_kind", "power_sources", row{"voltage_kind": "x"}},
	{"power_source_phases", "power_sources", row{"phases": 2}},
	{"power_source_capacity", "power_sources", row{"capacity_va": -1}},
	{"power_panel_name", "power_panels", row{"name": ""}},
	{"power_panel_kind", "power_panels", row{"kind": "x"}},
	{"power_panel_status", "power_panels", row{"status": "x"}},
	{"power_panel_voltage", "power_panels", row{"voltage_v": 0}},
	{"power_panel_voltage_kind", "power_panels", row{"voltage_kind": ""}},
	{"power_panel_phases", "power_panels", row{"phases": 2}},
	{"power_panel_amperage", "power_panels", row{"amperage_a": -1}},
	{"breaker_name", "breakers", row{"name": ""}},
	{"breaker_status", "breakers", row{"status": "x"}},
	{"breaker_poles", "breakers", row{"poles": 5}},
	{"breaker_amperage", "breakers", row{"amperage_a": 0}},
	{"breaker_factor", "breakers", row{"continuous_factor": 1.25}},
	{"power_feed_name", "power_feeds", row{"name": ""}},
	{"power_feed_status", "power_feeds", row{"status": "x"}},
	{"power_feed_phases", "power_feeds", row{"phases": 0}},
	{"power_feed_voltage", "power_feeds", row{"voltage_v": 0}},
	{"power_feed_voltage_kind", "power_feeds", row{"voltage_kind": "x"}},
	{"power_feed_amperage", "power_feeds", row{"amperage_a": 0}},
	{"power_feed_max_utilization", "power_feeds", row{"max_utilization": 101}},
	{"power_port_name", "power_ports", row{"name": ""}},
	{"power_port_maximum", "power_ports", row{"maximum_draw_w": -1}},
	{"power_port_allocated", "power_ports", row{"allocated_draw_w": -1}},
	{"power_outlet_name", "power_outlets", row{"name": ""}},
	{"power_outlet_feed_leg", "power_outlets", row{"feed_leg": "A"}},
	{"cable_status", "cables", row{"status": "x"}},
	{"cable_length", "cables", row{"length_m": -1}},
	{"cable_end_side", "cable_ends", row{"cable_end": "C"}},
	{"cable_end_one", "cable_ends", row{"cable_end": "B", "power_port_id": 1}},
	{"cooling_loop_name", "cooling_loops", row{"name": ""}},
	{"cooling_loop_kind", "cooling_loops", row{"kind": "x"}},
	{"cooling_loop_status", "cooling_loops", row{"status": "x"}},
	{"cooling_loop_flow", "cooling_loops", row{"flow_m3s": -1}},
	{"cooling_unit_kind", "cooling_units", row{"kind": "x"}},
	{"cooling_unit_capacity", "cooling_units", row{"capacity_w": -1}},
	{"cooling_unit_airflow", "cooling_units", row{"airflow_m3s": -1}},
}

// badKeys refer to what is not there, or not in the same place.
var badKeys = []struct {
	name, table string
	with        row
}{
	{"location's site", "locations", row{"name": "x", "site_id": 9}},
	{"location's parent in another site", "locations", row{"name": "x", "site_id": 2, "parent_id": 1}},
	{"row's location", "rack_rows", row{"name": "x", "location_id": 9}},
	{"rack type's maker", "rack_types", row{"model": "x", "manufacturer_id": 9}},
	{"rack's location in another site", "racks", row{"name": "x", "asset_tag": "", "site_id": 2}},
	{"rack's row in another location", "racks", row{"name": "x", "asset_tag": "", "location_id": 2, "row_id": 1}},
	{"rack's type", "racks", row{"name": "x", "asset_tag": "", "rack_type_id": 9}},
	{"device type's maker", "device_types", row{"model": "x", "manufacturer_id": 9}},
	{"device's site", "devices", row{"name": "x", "asset_tag": "", "site_id": 9}},
	{"device's location in another site", "devices", row{"name": "x", "asset_tag": "", "site_id": 2, "location_id": 1}},
	{"device's rack in another location", "devices", row{"name": "x", "asset_tag": "", "location_id": 2, "rack_id": 1}},
	{"device's type", "devices", row{"name": "x", "asset_tag": "", "device_type_id": 9}},
	{"device's credential", "devices", row{"name": "x", "asset_tag": "", "credential_id": 9}},
	{"device's collector", "devices", row{"name": "x", "asset_tag": "", "collector_id": 9}},
	{"slot's rack", "rack_slots", row{"rack_id": 9}},
	{"slot's device", "rack_slots", row{"half_unit": 3, "device_id": 9}},
	{"placement's device", "placements", row{"device_id": 9}},
	{"point's device", "points", row{"device_id": 9}},
	{"source's device", "power_sources", row{"name": "x", "device_id": 9}},
	{"panel's location in another site", "power_panels", row{"name": "x", "site_id": 2, "location_id": 1}},
	{"breaker's panel", "breakers", row{"power_panel_id": 9}},
	{"feed's breaker in another panel", "power_feeds", row{"power_panel_id": 2, "breaker_id": 1}},
	{"feed's rack", "power_feeds", row{"name": "x", "rack_id": 9}},
	{"port's device", "power_ports", row{"device_id": 9}},
	{"outlet's inlet on another device", "power_outlets", row{"device_id": 2, "power_port_id": 1}},
	{"cable's site", "cables", row{"site_id": 9}},
	{"end's cable", "cable_ends", row{"cable_id": 9, "cable_end": "B"}},
	{"end's port", "cable_ends", row{"cable_end": "B", "power_outlet_id": nil, "power_port_id": 9}},
	{"loop's site", "cooling_loops", row{"site_id": 9}},
	{"unit's device", "cooling_units", row{"device_id": 9}},
	{"unit's loop", "cooling_units", row{"device_id": 2, "loop_id": 9}},
}

// badTwins are not the whole row again but break a unique rule with it.
var badTwins = []struct {
	name, table string
	with        row
}{
	{"rack's asset tag", "racks", row{"name": "x"}},
	{"device's asset tag", "devices", row{"name": "x"}},
	{"device's name", "devices", row{"asset_tag": ""}},
	{"live point of another class", "points", row{"class": "alarm"}},
	{"outlet with two cables", "cable_ends", row{"cable_id": 2}},
}

func wholeRow(t *testing.T, table string, with row) row {
	t.Helper()
	for _, w := range whole {
		if w.table == table {
			r := maps.Clone(w.row)
			maps.Copy(r, with)
			return r
		}
	}
	t.Fatalf("no whole row of %s", table)
	return nil
}

func TestConstraints(t *testing.T) {
	rules := map[string]bool{}
	sql, err := os.ReadFile("migrations/sqlite/0001_facility.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`CONSTRAINT (\w+)\s+CHECK`).FindAllStringSubmatch(string(sql), -1) {
		rules[m[1]] = true
	}
	for _, c := range badChecks {
		if !rules[c.rule] {
			t.Errorf("%s is not a rule, or is listed twice", c.rule)
		}
		delete(rules, c.rule)
	}
	for r := range rules {
		t.Errorf("rule %s is not tested", r)
	}
	tables := regexp.MustCompile(`CREATE TABLE (\w+)`).FindAllStringSubmatch(string(sql), -1)
	if len(tables) != len(whole) {
		t.Errorf("%d tables, %d whole rows", len(tables), len(whole))
	}

	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		for _, w := range whole {
			if err := add(g, w.table, w.row); err != nil {
				t.Fatalf("%s: %v", w.table, err)
			}
		}
		for _, w := range []struct {
			table string
			row   row
		}{
			{"sites", row{"name": "s2"}},
			{"locations", row{"name": "l2"}},
			{"devices", row{"name": "d2", "asset_tag": ""}},
			{"power_panels", row{"name": "p2"}},
			{"cables", row{}},
		} {
			if err := add(g, w.table, wholeRow(t, w.table, w.row)); err != nil {
				t.Fatalf("second of %s: %v", w.table, err)
			}
		}
		for _, c := range badChecks {
			err := add(g, c.table, wholeRow(t, c.table, c.with))
			var v *db.ConstraintError
			if !errors.As(err, &v) || v.Constraint != c.rule || !errors.Is(err, gorm.ErrCheckConstraintViolated) {
				t.Errorf("%s: got %v", c.rule, err)
			}
		}
		for _, c := range badKeys {
			if err := add(g, c.table, wholeRow(t, c.table, c.with)); !errors.Is(err, gorm.ErrForeignKeyViolated) {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
		for _, c := range badTwins {
			if err := add(g, c.table, wholeRow(t, c.table, c.with)); !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
		// The same row twice breaks a unique rule everywhere but in one table.
		for _, w := range whole {
			err := add(g, w.table, w.row)
			if unique := w.table != "cables"; errors.Is(err, gorm.ErrDuplicatedKey) != unique {
				t.Errorf("twin in %s: got %v", w.table, err)
			}
		}
		// Names are unique in their scope only.
		for _, w := range []struct {
			table string
			with  row
		}{
			{"locations", row{"site_id": 2}},
			{"locations", row{"parent_id": 1}},
			{"racks", row{"location_id": 2, "asset_tag": ""}},
			{"devices", row{"site_id": 2, "asset_tag": ""}},
			{"breakers", row{"power_panel_id": 2}},
			{"power_ports", row{"device_id": 2}},
			{"points", row{"device_id": 2}},
			{"rack_slots", row{"side": "right", "device_id": 2}},
			{"rack_slots", row{"face": "rear", "device_id": 2}},
			{"placements", row{"to_at": db.Now().AddDate(1, 0, 0)}},
		} {
			if err := add(g, w.table, wholeRow(t, w.table, w.with)); err != nil {
				t.Errorf("%s in another scope: %v", w.table, err)
			}
		}
		// What others refer to cannot go.
		for _, table := range []string{"sites", "locations", "manufacturers", "power_panels", "power_outlets"} {
			if err := g.Exec("DELETE FROM " + table + " WHERE id = 1").Error; !errors.Is(err, gorm.ErrForeignKeyViolated) {
				t.Errorf("delete from %s: got %v", table, err)
			}
		}
	})
}

// Both databases have the same tables and columns.
func TestSchemasAreAlike(t *testing.T) {
	columns := func(g *gorm.DB) map[string][]string {
		tables, err := g.Migrator().GetTables()
		if err != nil {
			t.Fatal(err)
		}
		out := map[string][]string{}
		for _, name := range tables {
			if strings.HasPrefix(name, "goose") || strings.HasPrefix(name, "sqlite") {
				continue
			}
			types, err := g.Migrator().ColumnTypes(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range types {
				out[name] = append(out[name], c.Name())
			}
			slices.Sort(out[name])
		}
		return out
	}
	lite, pg := columns(dbtest.SQLite(t)), columns(dbtest.Postgres(t))
	if len(lite) != len(pg) {
		t.Errorf("%d and %d tables", len(lite), len(pg))
	}
	for name, cs := range lite {
		if !slices.Equal(cs, pg[name]) {
			t.Errorf("%s: %v and %v", name, cs, pg[name])
		}
	}
}

// TestEventsSurviveTheirConstraint: what was told before a kind of event came is
// kept, up and down, with its indexes and its rules.
func TestEventsSurviveTheirConstraint(t *testing.T) {
	const before, after = 10, 11
	dbtest.Run(t, func(t *testing.T, g *gorm.DB) {
		tell := func(id int, kind string) error {
			return g.Exec("INSERT INTO device_events (id, time_ms, device_id, kind, severity, name, variables) VALUES (?, 1, 1, ?, 'info', 'n', '[]')", id, kind).Error
		}
		told := func() (ids []int) {
			if err := g.Raw("SELECT id FROM device_events ORDER BY id").Scan(&ids).Error; err != nil {
				t.Fatal(err)
			}
			return ids
		}
		to := func(version int64) {
			t.Helper()
			if err := db.MigrateTo(t.Context(), g, version); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range whole {
			if w.table == "rack_slots" {
				break
			}
			if err := add(g, w.table, w.row); err != nil {
				t.Fatalf("%s: %v", w.table, err)
			}
		}
		to(before)
		if err := errors.Join(tell(7, "trap"), tell(9, "contact")); err != nil {
			t.Fatal(err)
		}
		if err := tell(11, "control"); !errors.Is(err, gorm.ErrCheckConstraintViolated) {
			t.Errorf("before: %v", err)
		}
		// The newest was taken away: its number comes no second time.
		var next int
		number := func() error {
			return g.Raw("INSERT INTO device_events (time_ms, device_id, kind, severity) VALUES (1, 1, 'trap', 'info') RETURNING id").Scan(&next).Error
		}
		if g.Name() == db.SQLite {
			if err := errors.Join(tell(50, "trap"), g.Exec("DELETE FROM device_events WHERE id = 50").Error); err != nil {
				t.Fatal(err)
			}
		}
		to(after)
		if g.Name() == db.SQLite {
			if err := number(); err != nil || next != 51 {
				t.Errorf("next number %d, %v", next, err)
			}
			if err := g.Exec("DELETE FROM device_events WHERE id = ?", next).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := tell(11, "control"); err != nil {
			t.Errorf("after: %v", err)
		}
		if err := tell(12, "rumour"); !errors.Is(err, gorm.ErrCheckConstraintViolated) {
			t.Errorf("a kind that is none: %v", err)
		}
		if got := told(); !slices.Equal(got, []int{7, 9, 11}) {
			t.Errorf("after: %v", got)
		}
		for _, index := range []string{"device_events_time", "device_events_device", "device_events_device_time"} {
			if !g.Migrator().HasIndex("device_events", index) {
				t.Errorf("%s is gone", index)
			}
		}
		to(before)
		if got := told(); !slices.Equal(got, []int{7, 9}) {
			t.Errorf("before again: %v", got)
		}
		to(after)
		if err := g.Exec("DELETE FROM devices WHERE id = 1").Error; err != nil || len(told()) > 0 {
			t.Errorf("events of a device that is gone: %v, %v", told(), err)
		}
	})
}
