package asterisk

import (
	"fmt"
	"net"
	"testing"
)

func TestBlocksOfPortsDoNotOverlap(t *testing.T) {
	taken := make(map[int]bool)
	for range 20 {
		b, err := allocate(portsBeforeRTP + 250)
		if err != nil {
			t.Fatal(err)
		}
		defer b.release()
		for port := b.first; port < b.first+portsBeforeRTP+250; port++ {
			if taken[port] {
				t.Fatalf("port %d is in two blocks", port)
			}
			taken[port] = true
		}
	}
}

func TestPortsInUseAreAvoided(t *testing.T) {
	b, err := allocate(portsBeforeRTP)
	if err != nil {
		t.Fatal(err)
	}
	defer b.release()
	stranger, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", b.first+3))
	if err != nil {
		t.Skipf("somebody was quicker: %v", err)
	}
	defer stranger.Close()
	if b.free(portsBeforeRTP) == nil {
		t.Error("a block with a port in use counts as free")
	}
}

func TestTooManyPortsAreRefused(t *testing.T) {
	if b, err := allocate(portRangeTo); err == nil {
		b.release()
		t.Error("more ports than there are were allocated")
	}
}
