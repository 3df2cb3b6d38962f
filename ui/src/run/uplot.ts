//! uPlot with its style sheet, as one piece that is fetched when the first chart is looked at: the first page does not carry it.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export default uPlot;
