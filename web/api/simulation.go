package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/dcim/audit"
	"github.com/aisle-dcim/aisle/web/apigen"
	"github.com/aisle-dcim/aisle/web/problem"
)

func (a *API) simulation() (Simulation, error) {
	if a.o.Simulation == nil {
		return nil, problem.New(http.StatusNotFound, problem.NotFound, "nothing is simulated here")
	}
	return a.o.Simulation, nil
}

// GetSimulation tells which faults there are and which are active.
func (a *API) GetSimulation(c echo.Context) error {
	s, err := a.simulation()
	if err != nil {
		return err
	}
	out := apigen.Simulation{Kinds: []apigen.FaultKind{}, Active: []apigen.Fault{}}
	for _, k := range s.Kinds() {
		targets := k.Targets
		if targets == nil {
			targets = []string{}
		}
		out.Kinds = append(out.Kinds, apigen.FaultKind{Kind: k.Kind, Targets: targets})
	}
	for _, f := range s.Active() {
		out.Active = append(out.Active, fault(f))
	}
	return answer(c, http.StatusOK, out)
}

func fault(f Fault) apigen.Fault {
	return apigen.Fault{Id: f.ID, Kind: f.Kind, Target: f.Target, Since: f.Since.UTC()}
}

// InjectFault makes the simulated facility fail.
func (a *API) InjectFault(c echo.Context) error {
	s, err := a.simulation()
	if err != nil {
		return err
	}
	in, err := body[apigen.FaultInput](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := access.Require(ctx, access.InjectFault); err != nil {
		return err
	}
	f, err := s.Inject(ctx, in.Kind, in.Target)
	if err != nil {
		return err
	}
	if a.o.Recorder != nil {
		err := a.o.Recorder.Write(ctx, audit.Entry{Action: "inject", ObjectType: "fault", ObjectID: f.ID, ObjectName: f.Kind + " " + f.Target})
		if err != nil {
			// Nothing happens without its entry.
			return errors.Join(err, s.Clear(ctx, f.ID))
		}
	}
	return answer(c, http.StatusCreated, fault(f))
}

// ClearFault ends a fault.
func (a *API) ClearFault(c echo.Context, id string) error {
	s, err := a.simulation()
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := access.Require(ctx, access.InjectFault); err != nil {
		return err
	}
	if err := s.Clear(ctx, id); err != nil {
		return err
	}
	if a.o.Recorder != nil {
		if err := a.o.Recorder.Write(ctx, audit.Entry{Action: "clear", ObjectType: "fault", ObjectID: id}); err != nil {
			return err
		}
	}
	return c.NoContent(http.StatusNoContent)
}
