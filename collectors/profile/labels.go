package profile

import (
	"regexp"
	"strings"
)

// Labels tells words of profiles from names that a device or a person gave.
type Labels struct{ own map[string]bool }

var labelNumber = regexp.MustCompile(`\{\w+\}|\bL?\d+(-L?\d+)?\b`)

// labelForm is a label with a mark in the place of each number.
func labelForm(label string) string {
	return labelNumber.ReplaceAllString(strings.ToLower(label), "#")
}

// Labels lists the labels that the profiles have words for. It is safe for
// concurrent use.
func (l *Library) Labels() Labels {
	l.labelsOnce.Do(func() { l.labels = l.ownLabels() })
	return l.labels
}

func (l *Library) ownLabels() Labels {
	own := map[string]bool{}
	add := func(label string) {
		if label != "" && !strings.Contains(label, "{label}") {
			own[labelForm(label)] = true
		}
	}
	patch := func(p *Patch) {
		if p != nil {
			add(p.Label)
		}
	}
	for _, p := range l.All() {
		for i := range p.Points {
			x := &p.Points[i]
			add(x.Label)
			for _, b := range x.Bits {
				add(orElse(b.Text, strings.ReplaceAll(b.Name, "-", " ")))
			}
			for j := range x.Select {
				s := &x.Select[j]
				for _, c := range s.Cases {
					add(c.Label)
				}
				for k := range s.Texts {
					add(s.Texts[k].Label)
				}
				patch(s.Otherwise)
			}
		}
		for i := range p.Controls {
			add(p.Controls[i].Label)
		}
	}
	return Labels{own}
}

// Own tells whether the label of the point or control with that key is in the
// words of a profile, or made of its key, so that it can be told in another
// language.
func (l Labels) Own(key, label string) bool {
	return l.own[labelForm(label)] || label == labelOf(key)
}
