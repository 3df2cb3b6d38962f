//! What a setting is called by those who look for it: in the field of the settings, and in the palette. Pure.
import * as scheduleText from '../text/schedule';
import * as settingsText from '../text/settings';

export interface SettingPlace {
  /** As the settings call it; its row is found by it. */
  text: string;
  /** Other words for it. */
  also: string;
}

export const SETTING_PLACES: readonly SettingPlace[] = [
  { text: scheduleText.theme, also: settingsText.alsoTheme },
  { text: scheduleText.textSize, also: settingsText.alsoTextSize },
  { text: scheduleText.motion, also: settingsText.alsoMotion },
  { text: scheduleText.timesAreShownIn, also: settingsText.alsoTimes },
  { text: scheduleText.numbersAndDates, also: settingsText.alsoNumbers },
  { text: scheduleText.weeksBeginOn, also: settingsText.alsoWeeks },
  { text: scheduleText.anAnswerCanBeTaken, also: settingsText.alsoTakeBack },
  { text: settingsText.startAtLogin, also: settingsText.alsoStartAtLogin },
  { text: settingsText.quitCuetower, also: settingsText.alsoQuit },
  { text: settingsText.signingIn, also: settingsText.alsoSigningIn },
  { text: settingsText.yourKey, also: settingsText.alsoYourKey },
  { text: settingsText.notifications, also: settingsText.alsoNotifications }
];

/** True when every word looked for is in the text, or is another word for a setting that is named in it. */
export function isMeant(words: readonly string[], text: string): boolean {
  const low = text.toLowerCase();
  const whole = [low, ...SETTING_PLACES.filter((place) => low.includes(place.text.toLowerCase())).map((place) => place.also)].join(' ');
  return words.every((word) => whole.includes(word));
}
