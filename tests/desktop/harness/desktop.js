//! A whole desktop for one test: display, window manager, session bus, and, if wanted, keyring and notification server.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCREENSHOTS } from './places.js';
import { Processes, until } from './processes.js';

// Nothing is started on demand: what a test does not start is not there.
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;

const DUNST = `[global]
    font = sans 10
    width = 360
    origin = top-right
    offset = 12x12
    frame_width = 1
    frame_color = "#30383e"
    mouse_left_click = do_action, close_current
    dmenu = PICK
[urgency_normal]
    background = "#1b2023"
    foreground = "#e7ebed"
    timeout = 0
[urgency_critical]
    background = "#1b2023"
    foreground = "#f37b69"
    timeout = 0
`;

export class Desktop {
  processes = new Processes();
  folder = mkdtempSync(join(tmpdir(), 'cuetower-'));
  env = {};
  notifications = null;
  keyring = null;

  /** The file that holds what is on the screen, as long as it is `seen`. */
  seen = null;

  /** `bus`, `keyring` and `notifications` say whether those daemons run. */
  static async start({ bus = true, keyring = true, notifications = true, seen = false } = {}) {
    const desktop = new Desktop();
    try {
      await desktop.#start(bus, keyring, notifications, seen);
    } catch (error) {
      console.log(desktop.processes.lastWords());
      await desktop.stop();
      throw error;
    }
    return desktop;
  }

  async #start(bus, keyring, notifications, seen) {
    const folder = (name) => {
      const path = join(this.folder, name);
      mkdirSync(path, { mode: 0o700 });
      return path;
    };
    const home = folder('home');
    const kept = Object.fromEntries(['PATH', 'LANG', 'CUETOWER_XTASK_MARK'].map((name) => [name, process.env[name]]).filter(([, value]) => value));
    this.env = {
      LANG: 'C.UTF-8',
      ...kept,
      HOME: home,
      XDG_RUNTIME_DIR: folder('run'),
      XDG_CONFIG_HOME: join(home, '.config'),
      XDG_DATA_HOME: join(home, '.local/share'),
      XDG_CACHE_HOME: join(home, '.cache'),
      GDK_BACKEND: 'x11',
      GSETTINGS_BACKEND: 'memory',
      GTK_USE_PORTAL: '0',
      LIBGL_ALWAYS_SOFTWARE: '1',
      NO_AT_BRIDGE: '1'
    };

    // It starts anew whenever its last client leaves, unless told not to.
    const memory = seen ? ['-fbdir', folder('screen')] : [];
    if (seen) this.seen = join(this.folder, 'screen/Xvfb_screen0');
    const display = this.start('Xvfb', ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp', '-noreset', ...memory], { fd3: true });
    this.env.DISPLAY = `:${await until('a display', () => display.fd3.endsWith('\n') && display.fd3.trim())}`;

    if (bus) await this.#startBus();

    this.start('openbox', ['--sm-disable']);
    // Only a window manager knows how many desktops there are.
    await until('the window manager', () => this.run('xdotool', ['get_num_desktops']));

    if (keyring) await this.startKeyring();
    if (notifications) {
      const config = join(this.folder, 'dunstrc');
      // Its menu of actions, with somebody before it who picks the one that is wanted.
      const pick = join(this.folder, 'pick');
      writeFileSync(pick, `#!/bin/sh\ngrep -F "$(cat '${this.folder}/wanted')" | head -n 1\n`, { mode: 0o755 });
      writeFileSync(config, DUNST.replace('PICK', pick));
      this.notifications = this.start('dunst', ['-config', config, '-print']);
      await until('dunst', () => this.has('org.freedesktop.Notifications'));
    }
  }

  async #startBus() {
    const socket = join(this.env.XDG_RUNTIME_DIR, 'bus');
    const config = join(this.folder, 'bus.conf');
    writeFileSync(config, BUS.replace('SOCKET', socket));
    this.start('dbus-daemon', ['--config-file', config, '--nofork', '--nopidfile']);
    this.env.DBUS_SESSION_BUS_ADDRESS = `unix:path=${socket}`;
    await until('the session bus', () => this.has('org.freedesktop.DBus'));
  }

  /** GNOME's, its login collection open and without a password. */
  async startKeyring() {
    this.keyring = this.start('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets', '--control-directory', join(this.env.XDG_RUNTIME_DIR, 'keyring')], { input: '\n' });
    await until('the keyring', () => this.has('org.freedesktop.secrets'));
  }

  start(program, args, options = {}) {
    return this.processes.start(program, args, { env: this.env, ...options });
  }

  run(program, args, options = {}) {
    return this.processes.run(program, args, { env: this.env, ...options });
  }

  /** Whether somebody owns this name on the session bus. */
  has(name) {
    const ask = ['--session', '--print-reply=literal', '--dest=org.freedesktop.DBus', '/', 'org.freedesktop.DBus.NameHasOwner', `string:${name}`];
    return this.run('dbus-send', ask).includes('true');
  }

  /** How many notifications are on the screen. */
  shown() {
    return Number(this.run('dunstctl', ['count', 'displayed']));
  }

  /** How tall the notifications on the screen are together: a new one is to be clicked only once it has its place. */
  notificationsHeight() {
    const [window] = this.run('xdotool', ['search', '--onlyvisible', '--class', '^Dunst$'], { may_fail: true }).split('\n');
    return window ? Number(/HEIGHT=(\d+)/.exec(this.run('xdotool', ['getwindowgeometry', '--shell', window]))[1]) : 0;
  }

  /** Clicks the notification that is on top, with the mouse. */
  clickNotification() {
    const [window] = this.run('xdotool', ['search', '--onlyvisible', '--class', '^Dunst$']).split('\n');
    this.run('xdotool', ['mousemove', '--window', window, '60', '12', 'click', '1']);
  }

  /** Presses the button with this label, on whichever notification has one. */
  pressButton(label) {
    writeFileSync(join(this.folder, 'wanted'), label);
    this.run('dunstctl', ['context']);
  }

  /** Ids of the windows of this title that are on the screen; minimised and hidden ones are not. */
  visibleWindows(title) {
    return this.run('xdotool', ['search', '--onlyvisible', '--name', title], { may_fail: true }).split('\n').filter(Boolean);
  }

  /** Closes the window of this title as the keyboard does, and waits until it is gone from the screen. */
  async close(title) {
    // A window that is just being taken in by the window manager is gone for a blink, and hears nothing.
    await this.painted(title);
    let pressed = false;
    const gone = () => {
      const windows = this.visibleWindows(title);
      // A key may fall between two stools while the focus moves, so it is pressed until it is heard.
      for (const id of windows) {
        this.run('xdotool', ['windowactivate', id], { may_fail: true });
        if (!this.isActive(id)) continue;
        this.run('xdotool', ['key', 'alt+F4'], { may_fail: true });
        pressed = true;
      }
      return pressed && windows.length === 0;
    };
    await until(`the window \`${title}\` to be gone`, gone, { every_ms: 700 });
  }

  /** Whether the keyboard is this window's at this moment. */
  isActive(id) {
    return this.run('xdotool', ['getactivewindow'], { may_fail: true }).trim() === id;
  }

  /** Gives the keyboard to the window of this title, then these words of xdotool's. `--sync` would wait for ever where nothing changes. */
  async typeInto(title, words) {
    await until(`the window \`${title}\` to have the keyboard`, () => {
      const [id] = this.visibleWindows(title);
      if (id) this.run('xdotool', ['windowactivate', id], { may_fail: true });
      return id && this.isActive(id);
    });
    this.run('xdotool', words);
  }

  /** Waits until something is painted in the window of this title: more than a ground and an edge. */
  async painted(title) {
    const colours = (id) => Number(this.run('import', ['-window', id, '-format', '%k', 'info:']));
    await until(`the window \`${title}\` to be painted`, () => this.visibleWindows(title).some((id) => colours(id) > 20));
  }

  /** A picture of the whole screen, with what the window manager and other programs draw. */
  screen(name) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    this.run('import', ['-window', 'root', join(SCREENSHOTS, `${name}.png`)]);
  }

  async stop() {
    const left = await this.processes.endAll();
    // Sockets and caches of what has just ended.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    if (left.length > 0) throw new Error(`left behind, now ended: ${left.join('; ')}`);
  }
}
