//! A whole desktop for one test: display, window manager, session bus, and, if wanted, keyring and notification server.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

  /** `bus`, `keyring` and `notifications` say whether those daemons run. */
  static async start({ bus = true, keyring = true, notifications = true } = {}) {
    const desktop = new Desktop();
    try {
      await desktop.#start(bus, keyring, notifications);
    } catch (error) {
      await desktop.stop();
      throw error;
    }
    return desktop;
  }

  async #start(bus, keyring, notifications) {
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

    const display = this.start('Xvfb', ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { fd3: true });
    this.env.DISPLAY = `:${await until('a display', () => display.fd3.endsWith('\n') && display.fd3.trim())}`;

    if (bus) await this.#startBus();

    this.start('openbox', ['--sm-disable']);
    await until('the window manager', () => this.run('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK']).includes('window id'));

    if (keyring) await this.startKeyring();
    if (notifications) {
      const config = join(this.folder, 'dunstrc');
      writeFileSync(config, DUNST);
      this.notifications = this.start('dunst', ['-config', config, '-print']);
      await until('dunst', () => this.owners().includes('org.freedesktop.Notifications'));
    }
  }

  async #startBus() {
    const socket = join(this.env.XDG_RUNTIME_DIR, 'bus');
    const config = join(this.folder, 'bus.conf');
    writeFileSync(config, BUS.replace('SOCKET', socket));
    this.start('dbus-daemon', ['--config-file', config, '--nofork', '--nopidfile']);
    this.env.DBUS_SESSION_BUS_ADDRESS = `unix:path=${socket}`;
    await until('the session bus', () => this.owners());
  }

  /** GNOME's, its login collection open and without a password. */
  async startKeyring() {
    this.start('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets', '--control-directory', join(this.env.XDG_RUNTIME_DIR, 'keyring')], { input: '\n' });
    await until('the keyring', () => this.owners().includes('org.freedesktop.secrets'));
  }

  start(program, args, options = {}) {
    return this.processes.start(program, args, { env: this.env, ...options });
  }

  run(program, args, options = {}) {
    return this.processes.run(program, args, { env: this.env, ...options });
  }

  /** The names on the session bus, as one text. */
  owners() {
    return this.run('gdbus', ['call', '--session', '--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus', '--method', 'org.freedesktop.DBus.ListNames']);
  }

  /** How many notifications are on the screen. */
  shown() {
    return Number(this.run('dunstctl', ['count', 'displayed']));
  }

  /** Clicks the notification that is on top. */
  clickNotification() {
    this.run('dunstctl', ['action', '0']);
  }

  /** Ids of the windows of this title that are on the screen; minimised and hidden ones are not. */
  visibleWindows(title) {
    return this.run('xdotool', ['search', '--onlyvisible', '--name', title], { may_fail: true }).split('\n').filter(Boolean);
  }

  /** Closes the window of this title as the keyboard does. */
  close(title) {
    for (const id of this.visibleWindows(title)) this.run('xdotool', ['windowactivate', '--sync', id, 'key', 'alt+F4']);
  }

  async stop() {
    const left = await this.processes.endAll();
    // Sockets and caches of what has just ended.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    if (left.length > 0) throw new Error(`left behind, now ended: ${left.join('; ')}`);
  }
}
