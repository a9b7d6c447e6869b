package models_test

import (
	"slices"
	"testing"

	"github.com/aisle-dcim/aisle/models"
)

func TestMatchReasons(t *testing.T) {
	text := "sysobjectid-prefix 1.3.6.1.4.1.318; object 1.3.6.1.4.1.318.1.1.12; description"
	want := []models.MatchReason{{Code: models.MatchPrefix, Value: "1.3.6.1.4.1.318"}, {Code: models.MatchObject, Value: "1.3.6.1.4.1.318.1.1.12"}, {Code: models.MatchDescription}}
	got := models.MatchReasons(text)
	if !slices.Equal(got, want) || !models.NamesProduct(got) {
		t.Errorf("got %v", got)
	}
	old := "sysObjectID 1.3.6, has 1.3.6.1"
	if got := models.MatchReasons(old); !slices.Equal(got, []models.MatchReason{{Code: models.MatchOther, Value: old}}) {
		t.Errorf("words of an earlier release: %v", got)
	}
	if got := models.MatchReasons(""); got != nil {
		t.Errorf("no reason: %v", got)
	}
	if models.NamesProduct(models.MatchReasons("object 1.3.6.1.2.1.33; value 1.3.6.1")) {
		t.Error("single objects do not name a product")
	}
}
