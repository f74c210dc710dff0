using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace CertHerald.Api;

/// <summary>
/// Listens to the program's meter and writes what it heard in Prometheus's text format 0.0.4. Names are the instruments' own.
/// </summary>
internal sealed partial class PrometheusText : IDisposable
{
    // A label whose values come from outside by mistake must not eat the memory: what comes later is summed under one label.
    private const int MostSeries = 1_000;
    private const string Overflow = "overflow=\"true\"";

    // Seconds from a commit to an alert that waited for an hour.
    private static readonly double[] DefaultBuckets =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

    private readonly Lock _scrape = new();
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, Family> _families = new(StringComparer.Ordinal);
    private readonly ILogger<PrometheusText> _log;

    public PrometheusText(Meter meter, ILogger<PrometheusText> log)
    {
        _log = log;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument.Name, _ => new Family(instrument)));
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((Family)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((Family)family!).Record((double)value, tags));
        _listener.Start();
    }

    /// <summary>Everything measured so far; observed instruments are asked now.</summary>
    public string Write()
    {
        var text = new StringBuilder(4096);
        lock (_scrape)
        {
            foreach (Family family in _families.Values) family.ForgetObserved();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException failures)
            {
                // An instrument that could not be observed is missing from the page; the others are on it.
                LogUnobserved(failures);
            }
            foreach (Family family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal)) family.Write(text);
        }
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "A metric could not be observed")]
    private partial void LogUnobserved(Exception failures);

    /// <summary>All series of one name. Two instruments of one name share it.</summary>
    private sealed class Family(Instrument instrument)
    {
        private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
        private readonly Kind _kind = KindOf(instrument);
        private readonly double[] _buckets = BucketsOf(instrument);

        public string Name { get; } = NameOf(instrument.Name);

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string labels = LabelsOf(tags);
            if (!_series.TryGetValue(labels, out Series? series))
                series = _series.GetOrAdd(_series.Count < MostSeries ? labels : Overflow, _ => new Series(_buckets.Length));

            lock (series)
            {
                series.Count++;
                if (_kind == Kind.Value) series.Sum = value;
                else series.Sum += value;
                if (_kind != Kind.Histogram) return;
                int bucket = Array.FindIndex(_buckets, bound => value <= bound);
                if (bucket >= 0) series.Buckets[bucket]++;
            }
        }

        /// <summary>Observed values live for one scrape: what is no longer observed is gone.</summary>
        public void ForgetObserved()
        {
            if (instrument.IsObservable) _series.Clear();
        }

        public void Write(StringBuilder text)
        {
            if (_series.IsEmpty) return;
            if (instrument.Description is { Length: > 0 } help)
                text.Append("# HELP ").Append(Name).Append(' ').Append(Escaped(help, quotes: false)).Append('\n');
            text.Append("# TYPE ").Append(Name).Append(' ').Append(TypeName).Append('\n');

            foreach ((string labels, Series series) in _series.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                lock (series)
                {
                    if (_kind == Kind.Histogram) WriteHistogram(text, labels, series);
                    else WriteLine(text, "", labels, series.Sum);
                }
        }

        private void WriteHistogram(StringBuilder text, string labels, Series series)
        {
            string before = labels.Length == 0 ? "" : labels + ",";
            long below = 0;
            for (int i = 0; i < _buckets.Length; i++)
                WriteLine(text, "_bucket", $"{before}le=\"{Number(_buckets[i])}\"", below += series.Buckets[i]);
            WriteLine(text, "_bucket", before + "le=\"+Inf\"", series.Count);
            WriteLine(text, "_sum", labels, series.Sum);
            WriteLine(text, "_count", labels, series.Count);
        }

        private void WriteLine(StringBuilder text, string suffix, string labels, double value)
        {
            text.Append(Name).Append(suffix);
            if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(Number(value)).Append('\n');
        }

        private string TypeName => _kind switch
        {
            Kind.Histogram => "histogram",
            _ when IsCounter(instrument) => "counter",
            _ => "gauge",
        };
    }

    private sealed class Series(int buckets)
    {
        /// <summary>The value itself, unless it is a histogram's.</summary>
        public double Sum { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }

    /// <summary>What a measurement does to its series: adds to it, replaces it, or falls into a bucket.</summary>
    private enum Kind { Sum, Value, Histogram }

    private static Kind KindOf(Instrument instrument) =>
        Is(instrument, typeof(Histogram<>)) ? Kind.Histogram
        : instrument.IsObservable || Is(instrument, typeof(Gauge<>)) ? Kind.Value
        : Kind.Sum;

    private static bool IsCounter(Instrument instrument) => Is(instrument, typeof(Counter<>)) || Is(instrument, typeof(ObservableCounter<>));

    private static bool Is(Instrument instrument, Type open) =>
        instrument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == open;

    private static double[] BucketsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        _ => KindOf(instrument) == Kind.Histogram ? DefaultBuckets : [],
    };

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        var labels = new StringBuilder(64);
        foreach ((string name, object? value) in tags)
        {
            if (labels.Length > 0) labels.Append(',');
            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            labels.Append(NameOf(name)).Append("=\"").Append(Escaped(text, quotes: true)).Append('"');
        }
        return labels.ToString();
    }

    // [a-zA-Z_][a-zA-Z0-9_]*: legal for metrics and labels alike.
    private static string NameOf(string name) =>
        string.Create(name.Length, name, static (target, source) =>
        {
            for (int i = 0; i < target.Length; i++)
                target[i] = char.IsAsciiLetter(source[i]) || i > 0 && char.IsAsciiDigit(source[i]) ? source[i] : '_';
        });

    private static string Escaped(string text, bool quotes)
    {
        text = text.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        return quotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
