package api

import (
	"context"
	"math"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/models"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/facility"
	"github.com/aisle-dcim/aisle/web/problem"
)

// Changes of places follow those of devices: fields that the contract does not
// have stay, those that it has and that were left out are emptied, and the
// version that was seen must be given.

// seen returns the version that the caller saw.
func seen(version *uint64) (uint64, error) {
	if version == nil || *version == 0 {
		return 0, problem.Field(http.StatusUnprocessableEntity, "version", "the version that was seen must be given")
	}
	return *version, nil
}

// update changes an object that a person edited, if it is still as he saw it.
// apply puts what he entered into it, and returns the version that he saw and
// the place of its own.
func update[T, In any](a *API, c echo.Context, id uint64,
	load func(context.Context, uint64) (T, error), save func(context.Context, T) (T, error),
	apply func(x *T, in In) (version *uint64, record *models.Record),
) error {
	in, err := body[In](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	x, err := load(ctx, id)
	if err != nil {
		return err
	}
	version, record := apply(&x, in)
	if record.Version, err = seen(version); err != nil {
		return err
	}
	_, err = save(ctx, x)
	return a.changed(c, err)
}

// changed answers a change of the model.
func (a *API) changed(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	a.reader.Invalidate()
	return c.NoContent(http.StatusNoContent)
}

func status(s *apigen.Status) models.Status {
	return models.Status(or(s, apigen.Status(models.StatusActive)))
}

// decimal is a number of the contract by way of its shortest decimal form: 0.6
// stays 0.6.
func decimal(v *float32) float64 { return math.Round(float64(or(v, 0))*1e4) / 1e4 }

func narrow(v *float64) *float32 {
	if v == nil {
		return nil
	}
	w := float32(*v)
	return &w
}

// GetSite tells what people decide of a site.
func (a *API) GetSite(c echo.Context, id apigen.ID) error {
	x, err := a.o.Layout.Site(c.Request().Context(), id)
	if err != nil {
		return err
	}
	st := apigen.Status(x.Status)
	return answer(c, http.StatusOK, apigen.SiteDetail{Id: x.ID, Input: apigen.SiteInput{
		Name: x.Name, Status: &st, TimeZone: opt(x.TimeZone), Address: opt(x.Address), Description: opt(x.Description), Version: &x.Version,
	}})
}

func applySite(x *models.Site, in apigen.SiteInput) {
	x.Name, x.Status = in.Name, status(in.Status)
	x.TimeZone, x.Address, x.Description = or(in.TimeZone, ""), or(in.Address, ""), or(in.Description, "")
}

// UpdateSite changes a site, if it is still as the caller saw it.
func (a *API) UpdateSite(c echo.Context, id apigen.ID) error {
	return update(a, c, id, a.o.Layout.Site, a.o.Layout.UpdateSite, func(x *models.Site, in apigen.SiteInput) (*uint64, *models.Record) {
		applySite(x, in)
		return in.Version, &x.Record
	})
}

// DeleteSite removes an empty site.
func (a *API) DeleteSite(c echo.Context, id apigen.ID) error {
	return a.changed(c, a.o.Layout.DeleteSite(c.Request().Context(), id))
}

// pathTo is the path of a location, itself included, from memory.
func (a *API) pathTo(ctx context.Context, location uint64) ([]facility.Step, error) {
	m, err := a.model(ctx)
	if err != nil {
		return nil, err
	}
	l, err := m.location(location)
	if err != nil {
		return nil, err
	}
	return l.Path(), nil
}

// GetLocation tells what people decide of a location.
func (a *API) GetLocation(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	x, err := a.o.Layout.Location(ctx, id)
	if err != nil {
		return err
	}
	path, err := a.pathTo(ctx, id)
	if err != nil {
		return err
	}
	st := apigen.Status(x.Status)
	return answer(c, http.StatusOK, apigen.LocationDetail{Id: x.ID, Path: places(path), Input: apigen.LocationInput{
		Site: x.SiteID, Parent: x.ParentID, Kind: apigen.LocationInputKind(x.Kind), Name: x.Name, Status: &st,
		WidthM: opt(float32(x.WidthM)), DepthM: opt(float32(x.DepthM)), TileM: opt(float32(x.TileM)),
		Description: opt(x.Description), Version: &x.Version,
	}})
}

func applyLocation(x *models.Location, in apigen.LocationInput) {
	x.SiteID, x.ParentID, x.Kind = in.Site, in.Parent, models.LocationKind(in.Kind)
	x.Name, x.Status, x.Description = in.Name, status(in.Status), or(in.Description, "")
	x.WidthM, x.DepthM, x.TileM = decimal(in.WidthM), decimal(in.DepthM), decimal(in.TileM)
}

// UpdateLocation changes a location, if it is still as the caller saw it.
func (a *API) UpdateLocation(c echo.Context, id apigen.ID) error {
	return update(a, c, id, a.o.Layout.Location, a.o.Layout.UpdateLocation, func(x *models.Location, in apigen.LocationInput) (*uint64, *models.Record) {
		applyLocation(x, in)
		return in.Version, &x.Record
	})
}

// DeleteLocation removes an empty location.
func (a *API) DeleteLocation(c echo.Context, id apigen.ID) error {
	return a.changed(c, a.o.Layout.DeleteLocation(c.Request().Context(), id))
}

// CreateRow adds a row to a location.
func (a *API) CreateRow(c echo.Context) error {
	in, err := body[apigen.RowInput](c)
	if err != nil {
		return err
	}
	x, err := a.o.Layout.CreateRow(c.Request().Context(), models.Row{
		LocationID: in.Location, Name: in.Name, Description: or(in.Description, ""),
	})
	if err != nil {
		return err
	}
	a.reader.Invalidate()
	return created(c, x.ID)
}

// GetRow tells what people decide of a row.
func (a *API) GetRow(c echo.Context, id apigen.ID) error {
	ctx := c.Request().Context()
	x, err := a.o.Layout.Row(ctx, id)
	if err != nil {
		return err
	}
	path, err := a.pathTo(ctx, x.LocationID)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, apigen.RowDetail{
		Id: x.ID, Path: append(places(path), apigen.Place{Kind: "row", Id: x.ID, Name: x.Name}),
		Input: apigen.RowInput{Location: x.LocationID, Name: x.Name, Description: opt(x.Description), Version: &x.Version},
	})
}

// UpdateRow changes a row, if it is still as the caller saw it.
func (a *API) UpdateRow(c echo.Context, id apigen.ID) error {
	return update(a, c, id, a.o.Layout.Row, a.o.Layout.UpdateRow, func(x *models.Row, in apigen.RowInput) (*uint64, *models.Record) {
		x.LocationID, x.Name, x.Description = in.Location, in.Name, or(in.Description, "")
		return in.Version, &x.Record
	})
}

// DeleteRow removes a row without racks.
func (a *API) DeleteRow(c echo.Context, id apigen.ID) error {
	return a.changed(c, a.o.Layout.DeleteRow(c.Request().Context(), id))
}

func rackInput(x models.Rack) apigen.RackInput {
	st, desc, position, rotation := apigen.Status(x.Status), x.DescUnits, x.PositionInRow, float32(x.RotationDeg)
	return apigen.RackInput{
		Location: x.LocationID, Row: x.RowID, PositionInRow: &position, Name: x.Name, Status: &st, UHeight: x.UHeight, DescUnits: &desc,
		XM: narrow(x.XM), YM: narrow(x.YM), RotationDeg: &rotation, MaxPowerW: opt(float32(x.MaxPowerW)), MaxWeightKg: opt(float32(x.MaxWeightKg)),
		Serial: opt(x.Serial), AssetTag: opt(x.AssetTag), Description: opt(x.Description), Version: &x.Version,
	}
}

func applyRack(x *models.Rack, in apigen.RackInput) {
	x.LocationID, x.RowID, x.PositionInRow = in.Location, in.Row, or(in.PositionInRow, 0)
	x.Name, x.Status, x.UHeight, x.DescUnits = in.Name, status(in.Status), in.UHeight, or(in.DescUnits, false)
	x.XM, x.YM, x.RotationDeg = wide(in.XM), wide(in.YM), decimal(in.RotationDeg)
	x.MaxPowerW, x.MaxWeightKg = decimal(in.MaxPowerW), decimal(in.MaxWeightKg)
	x.Serial, x.AssetTag, x.Description = or(in.Serial, ""), or(in.AssetTag, ""), or(in.Description, "")
	if x.RowID == nil {
		x.PositionInRow = 0
	}
}

// UpdateRack changes a rack, if it is still as the caller saw it.
func (a *API) UpdateRack(c echo.Context, id apigen.ID) error {
	return update(a, c, id, a.o.Layout.Rack, a.o.Layout.UpdateRack, func(x *models.Rack, in apigen.RackInput) (*uint64, *models.Record) {
		applyRack(x, in)
		return in.Version, &x.Record
	})
}

// DeleteRack removes an empty rack.
func (a *API) DeleteRack(c echo.Context, id apigen.ID) error {
	return a.changed(c, a.o.Layout.DeleteRack(c.Request().Context(), id))
}
