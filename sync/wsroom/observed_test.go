package wsroom

import "testing"

func TestConnectionsAreCountedByNeighbours(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1": "2001:db8:1:3::/64", "::1": "::/64", "": "", "pipe": "pipe",
	} {
		if got := neighbours(address); got != want {
			t.Errorf("%q is counted as %q, want %q", address, got, want)
		}
	}
}
