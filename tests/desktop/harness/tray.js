//! Somebody who shows tray icons: a StatusNotifier watcher and host on the test's session bus, as a panel has.
import dbus from 'dbus-next';
import { until } from './processes.js';

const { Variant } = dbus;
const WATCHER = 'org.kde.StatusNotifierWatcher';
const ITEM = 'org.kde.StatusNotifierItem';
const MENU = 'com.canonical.dbusmenu';

class Watcher extends dbus.interface.Interface {
  items = [];

  RegisterStatusNotifierItem(pathOrName, sender) {
    this.items.push({ sender, path: pathOrName.startsWith('/') ? pathOrName : '/StatusNotifierItem' });
  }

  RegisterStatusNotifierHost() {}

  get IsStatusNotifierHostRegistered() {
    return true;
  }

  get RegisteredStatusNotifierItems() {
    return this.items.map(({ sender, path }) => sender + path);
  }

  get ProtocolVersion() {
    return 0;
  }
}
Watcher.configureMembers({
  methods: {
    RegisterStatusNotifierItem: { inSignature: 's', outSignature: '' },
    RegisterStatusNotifierHost: { inSignature: 's', outSignature: '' }
  },
  properties: {
    IsStatusNotifierHostRegistered: { signature: 'b', access: 'read' },
    RegisteredStatusNotifierItems: { signature: 'as', access: 'read' },
    ProtocolVersion: { signature: 'i', access: 'read' }
  }
});

export class Tray {
  #bus;
  #watcher = new Watcher(WATCHER);

  static async start(desktop) {
    const tray = new Tray();
    tray.#bus = dbus.sessionBus({ busAddress: desktop.env.DBUS_SESSION_BUS_ADDRESS });
    // The library does not tell a method who calls it, and an item may give its path alone.
    tray.#bus.addMethodHandler((message) => {
      if (message.interface !== WATCHER || message.member !== 'RegisterStatusNotifierItem') return false;
      tray.#watcher.RegisterStatusNotifierItem(message.body[0], message.sender);
      tray.#bus.send(dbus.Message.newMethodReturn(message));
      return true;
    });
    tray.#bus.export('/StatusNotifierWatcher', tray.#watcher);
    await tray.#bus.requestName(WATCHER);
    return tray;
  }

  stop() {
    this.#bus.disconnect();
  }

  /** What the icon shows: its picture's file, the text beside it. */
  async icon() {
    const [all] = await this.#ask(await this.#item(), 'org.freedesktop.DBus.Properties', 'GetAll', 's', [ITEM]);
    return { picture: all.IconName?.value, label: all.XAyatanaLabel?.value, status: all.Status?.value };
  }

  /** The lines of its menu: `{ id, words, enabled, below }`, without the separators; `below`: those of a submenu. */
  async menu() {
    const [, [, , children]] = await this.#ask(await this.#menuPlace(), MENU, 'GetLayout', 'iias', [0, -1, []]);
    const lines = (children) =>
      children
        .map(({ value: [id, properties, below] }) => ({ id, words: properties.label?.value, enabled: properties.enabled?.value ?? true, below: below.length > 0 ? lines(below) : undefined }))
        .filter(({ words }) => words);
    return lines(children);
  }

  /** `lines`: those of a submenu; otherwise the menu's own. */
  async click(words, lines = undefined) {
    const line = (lines ?? (await this.menu())).find((line) => line.words === words);
    if (!line) throw new Error(`the menu has no line \`${words}\``);
    await this.#ask(await this.#menuPlace(), MENU, 'Event', 'isvu', [line.id, 'clicked', new Variant('i', 0), 0]);
  }

  async #item() {
    return until('a tray icon', () => this.#watcher.items.at(-1));
  }

  async #menuPlace() {
    const item = await this.#item();
    const [path] = await this.#ask(item, 'org.freedesktop.DBus.Properties', 'Get', 'ss', [ITEM, 'Menu']);
    return { sender: item.sender, path: path.value };
  }

  async #ask({ sender, path }, iface, member, signature, body) {
    const answer = await this.#bus.call(new dbus.Message({ destination: sender, path, interface: iface, member, signature, body }));
    return answer.body;
  }
}
