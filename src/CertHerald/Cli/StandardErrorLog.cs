using System.Data.Common;
using System.Diagnostics.Metrics;
using System.Globalization;
using CertHerald.Inspecting;
using CertHerald.Storage;

namespace CertHerald.Cli;

/// <summary>Log lines on standard error, one an event: standard output is for results. Foreign text is made visible.</summary>
internal sealed class StandardErrorLog : ILoggerProvider
{
    // Why the service did not start is thrown as well, and told in words by whoever started it; the host tells it with a stack trace.
    private const string Host = "Microsoft.Extensions.Hosting.Internal.Host";
    private const int StartFailed = 11;

    private static long _lost;

    public StandardErrorLog(Meter meter) => meter.CreateObservableCounter(
        "certherald_log_lines_lost_total", () => Interlocked.Read(ref _lost), description: "Log lines that standard error did not take.");

    public ILogger CreateLogger(string categoryName) => new Line(categoryName);

    public void Dispose()
    {
    }

    /// <summary>
    /// Writes a line, or counts it: standard error may be a file on a full disk, or a terminal that was closed. Whoever has something
    /// to say must not end by that.
    /// </summary>
    internal static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            Interlocked.Increment(ref _lost);
        }
    }

    /// <summary>
    /// A message with what caused it: a stack of what nobody expected, a line of a store that cannot work. Its disk may be full for
    /// hours, and the log may be kept there as well.
    /// </summary>
    internal static string TextOf(string message, Exception? cause) => cause switch
    {
        null => Visible.Of(message),
        StoreException { InnerException: null or DbException } => Visible.Of($"{message}: {cause.Message}"),
        _ => Visible.Of(message) + Environment.NewLine + Visible.Of(cause.ToString(), keepLines: true),
    };

    private sealed class Line(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (category == Host && eventId.Id == StartFailed) return;

            string level = logLevel switch { LogLevel.Critical or LogLevel.Error => "error", LogLevel.Warning => "warn ", _ => "info " };
            string time = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
            WriteLine($"{time} {level} {TextOf(formatter(state, exception), exception)}");
        }
    }
}
