// Package models is the vocabulary that every part of Aisle shares: the
// entities of the facility, the points that can be measured in it and the
// samples that were. It does no input or output.
package models
