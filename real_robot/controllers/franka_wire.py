"""The links of the simulated FR3: franky-sim's TCP frames and hand, a UDP link of our own, one client at a time.

What franky-sim's base class does with a frame that it does not know is to fail; here that ends the connection.
"""

import socket
import struct

from real_robot.controllers import franka_protocol as protocol
from real_robot.controllers.franka_arm import Arm
from real_robot.controllers.franka_link import Link
from real_robot.controllers.journal import Journal


class Wire(protocol.wire.FrankaServer):
    """Listens, connects, closes; what a client's going means is the subclass's to say (`lost`)."""

    def __init__(self, arm: Arm, host: str, journal: Journal) -> None:
        super().__init__([host], protocol.PORT, protocol.COMMANDS, protocol.VERSION)
        self.robot, self.journal, self.link, self.hand = arm.robot, journal, Link(host), None
        self.refusing = self._opening = False

    def lost(self) -> None:
        """The client is gone."""

    def _bind_children(self, hostname: str) -> None:
        if self.hand is None:
            self.hand = protocol.hands.FrankaGripperServer(self.robot, hostname)
            self.hand.init()

    @property
    def udp_connected(self) -> bool:
        """Whether a client has said where the states shall go."""
        return self.link.open

    def _setup_udp_connection(self, network_udp_port: int) -> None:
        self.link.connect((self._tcp_socket.getpeername()[0], network_udp_port))
        self.journal.event("connected", port=network_udp_port)

    def reset_state(self) -> None:
        """The client is gone: brake, and listen for the next one."""
        if self._opening:
            return
        if self.link.open:
            self.journal.event("disconnected")
        self.lost()
        self.link.close()
        super().reset_state()
        self._open()

    def _open(self) -> None:
        if not self.refusing:
            self._opening = True
            self.init()
            self._opening = False

    def turn_away(self) -> None:
        """Reset the clients that wait while another is connected: one at a time (assumed), and libfranka would wait for
        ever. Called now and then, so that one who comes just as the other goes is taken.
        """
        super().cleanup()
        self._open()

    def linger(self) -> None:
        """Let the next close of the link be a reset."""
        if self._tcp_socket is not None:
            self._tcp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def refuse(self, refused: bool) -> None:
        """Close the listening port, or open it again; a client that is there stays."""
        self.refusing = refused
        if refused:
            super().cleanup()
        else:
            self._open()

    def cleanup(self) -> None:
        """Close everything."""
        self.refusing = True
        self.reset_state()
        if self.hand is not None:
            self.hand.reset_state()
            self.hand.cleanup()
        super().cleanup()

    def listen(self) -> None:
        """Take what came over all links; a frame that is none of the protocol's ends the connection."""
        try:
            self.process_commands()
            if self.hand is not None:
                self.hand.process_commands()
                self.hand.send_state()
        except (KeyError, ValueError, struct.error, OSError) as error:
            self.journal.event("refused", command="frame", why=repr(error))
            self.reset_state()
