//! Starts the window. The tower is asked for the board first, so that it answers while the window itself is being read.
import { firstLook } from './state/firstlook';
import './tokens.css';
import './ui.css';

firstLook.begin();
void import('./window');
