package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/aisle-dcim/aisle/dcim/access"
	"github.com/aisle-dcim/aisle/web/apigen"
)

// Workshop looks at devices, records them and keeps the device profiles. It
// asks who may, and returns errors of package fault.
type Workshop interface {
	// StartLook and StartRecording return when the work is under way; only who
	// began it may ask for it or cancel it.
	StartLook(ctx context.Context, in apigen.LookInput) (apigen.Look, error)
	Look(ctx context.Context, id string) (apigen.Look, error)
	CancelLook(ctx context.Context, id string) error
	StartRecording(ctx context.Context, in apigen.RecordingInput) (apigen.DeviceRecording, error)
	Recording(ctx context.Context, id string) (apigen.DeviceRecording, error)
	CancelRecording(ctx context.Context, id string) error
	RecordingFile(ctx context.Context, id string) (name string, data []byte, err error)

	Profiles(ctx context.Context) (apigen.ProfileList, error)
	Profile(ctx context.Context, name string) (apigen.ProfileDetail, error)
	ProfileFile(ctx context.Context, name string) ([]byte, error)
	CheckProfile(ctx context.Context, name, text string) (apigen.ProfileCheck, error)
	// PutProfile replaces a profile in use only when seen is its file.
	PutProfile(ctx context.Context, name, text string, seen *string) (apigen.ProfileCheck, error)
	RemoveProfile(ctx context.Context, name string) (apigen.ProfileCheck, error)
	TestRecording(ctx context.Context, in apigen.RecordingTest) (apigen.LookResult, error)
	DraftProfile(ctx context.Context, in apigen.DraftInput) (string, error)
}

// plainFailure leaves to who may not edit devices the kind of a failure only.
func plainFailure(c echo.Context, f *apigen.LookFailure) {
	if p, _ := access.From(c.Request().Context()); f != nil {
		f.Error = pollError(p, f.Error)
	}
}

// StartLook begins to read a device once.
func (a *API) StartLook(c echo.Context) error {
	in, err := body[apigen.LookInput](c)
	if err != nil {
		return err
	}
	out, err := a.o.Workshop.StartLook(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, out)
}

// GetLook tells how far a look is, and what it saw.
func (a *API) GetLook(c echo.Context, id apigen.Job) error {
	out, err := a.o.Workshop.Look(c.Request().Context(), id)
	if err != nil {
		return err
	}
	plainFailure(c, out.Failure)
	return answer(c, http.StatusOK, out)
}

// CancelLook ends a look and forgets it.
func (a *API) CancelLook(c echo.Context, id apigen.Job) error {
	if err := a.o.Workshop.CancelLook(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// StartRecording begins to record a device.
func (a *API) StartRecording(c echo.Context) error {
	in, err := body[apigen.RecordingInput](c)
	if err != nil {
		return err
	}
	out, err := a.o.Workshop.StartRecording(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return answer(c, http.StatusCreated, out)
}

// GetRecording tells how far a recording is.
func (a *API) GetRecording(c echo.Context, id apigen.Job) error {
	out, err := a.o.Workshop.Recording(c.Request().Context(), id)
	if err != nil {
		return err
	}
	plainFailure(c, out.Failure)
	return answer(c, http.StatusOK, out)
}

// CancelRecording ends a recording and forgets it.
func (a *API) CancelRecording(c echo.Context, id apigen.Job) error {
	if err := a.o.Workshop.CancelRecording(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// download answers with a file that browsers save and never show.
func download(c echo.Context, mediaType, name string, data []byte) error {
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set(echo.HeaderCacheControl, "no-store")
	return c.Blob(http.StatusOK, mediaType, data)
}

// GetRecordingFile gives the file of a recording.
func (a *API) GetRecordingFile(c echo.Context, id apigen.Job) error {
	name, data, err := a.o.Workshop.RecordingFile(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return download(c, "text/plain; charset=utf-8", name, data)
}

// ListProfiles lists the profiles in use.
func (a *API) ListProfiles(c echo.Context) error {
	out, err := a.o.Workshop.Profiles(c.Request().Context())
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// GetProfile tells of one profile.
func (a *API) GetProfile(c echo.Context, name apigen.ProfileName) error {
	out, err := a.o.Workshop.Profile(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// GetProfileFile gives the file of a profile.
func (a *API) GetProfileFile(c echo.Context, name apigen.ProfileName) error {
	data, err := a.o.Workshop.ProfileFile(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return download(c, "text/plain; charset=utf-8", name+".yaml", data)
}

// PutProfile adds or replaces a profile of the site.
func (a *API) PutProfile(c echo.Context, name apigen.ProfileName) error {
	in, err := body[apigen.ProfileInput](c)
	if err != nil {
		return err
	}
	out, err := a.o.Workshop.PutProfile(c.Request().Context(), name, in.Text, in.Replaces)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// RemoveProfile removes a profile of the site.
func (a *API) RemoveProfile(c echo.Context, name apigen.ProfileName) error {
	out, err := a.o.Workshop.RemoveProfile(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// CheckProfile tells the faults of a profile.
func (a *API) CheckProfile(c echo.Context) error {
	in, err := body[apigen.NamedText](c)
	if err != nil {
		return err
	}
	out, err := a.o.Workshop.CheckProfile(c.Request().Context(), in.Name, in.Text)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// TestRecording applies a profile to a recording.
func (a *API) TestRecording(c echo.Context) error {
	in, err := body[apigen.RecordingTest](c)
	if err != nil {
		return err
	}
	out, err := a.o.Workshop.TestRecording(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, out)
}

// DraftProfile drafts a profile.
func (a *API) DraftProfile(c echo.Context) error {
	in, err := body[apigen.DraftInput](c)
	if err != nil {
		return err
	}
	text, err := a.o.Workshop.DraftProfile(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, apigen.ProfileInput{Text: text})
}
