using System.Globalization;
using System.Text;
using CertHerald.Api;

namespace CertHerald.WebConsole;

/// <summary>A measure over time as the path of an SVG, drawn here: it needs no script, and a page's policy may forbid all others.</summary>
/// <param name="Line">For the stroke; empty with fewer than two samples in sight.</param>
/// <param name="Area">For what lies below it.</param>
/// <param name="Top">The measure at the upper edge.</param>
/// <param name="Last">The newest sample; null if it is none.</param>
internal sealed record PlotLine(string Line, string Area, double Top, double? Last, double? Least, double? Most)
{
    public const int Width = 600, Height = 100;

    /// <summary>Points that are drawn. Of the samples that fall on one, the largest counts: a peak must not be smoothed away.</summary>
    public const int MostPoints = 120;

    /// <param name="samples">Oldest first.</param>
    /// <param name="window">How far it reaches back from <paramref name="now"/>.</param>
    /// <param name="step">Between two samples: what is three of them apart is not joined.</param>
    public static PlotLine Of(IReadOnlyList<LogSampleJson> samples, Func<LogSampleJson, double?> measure, DateTimeOffset now, TimeSpan window, TimeSpan step, int points = MostPoints)
    {
        List<(double Place, double Value)> seen =
        [
            .. from sample in samples
               let place = 1 - (now - sample.At) / window
               where place is >= 0 and <= 1
               let value = measure(sample)
               where value is not null
               group value.Value by Math.Round(place * points) into together
               orderby together.Key
               select (together.Key / points, together.Max()),
        ];
        double? last = samples.Count > 0 ? measure(samples[^1]) : null;
        if (seen.Count < 2) return new PlotLine("", "", 0, last, null, null);

        double top = RoundUp(seen.Max(one => one.Value)), apart = Math.Max(3 * step / window, 1.5 / points);
        StringBuilder line = new(), area = new();
        double begun = 0, before = double.NegativeInfinity;
        foreach ((double place, double value) in seen)
        {
            (double x, double y) = (place * Width, Height - value / top * (Height - 2) - 1);
            if (place - before > apart)
            {
                Close();
                (begun, _) = (x, Put(line, 'M', x, y));
                Put(Put(area, 'M', x, Height), 'L', x, y);
            }
            else
            {
                Put(line, 'L', x, y);
                Put(area, 'L', x, y);
            }
            before = place;
        }
        Close();
        return new PlotLine(line.ToString(), area.ToString(), top, last, seen.Min(one => one.Value), seen.Max(one => one.Value));

        void Close()
        {
            if (area.Length > 0) Put(Put(area, 'L', before * Width, Height), 'L', begun, Height).Append('Z');
        }
    }

    /// <summary>1, 2 or 5, by a power of ten: a scale that can be read.</summary>
    private static double RoundUp(double value)
    {
        if (value <= 1) return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return (value / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }

    private static StringBuilder Put(StringBuilder path, char command, double x, double y) =>
        path.Append(CultureInfo.InvariantCulture, $"{command}{x:0.#} {y:0.#}");
}
