using System.Globalization;
using CertHerald.Inspecting;

namespace CertHerald.Cli;

/// <summary>Log lines on standard error, one an event: standard output is for results. Foreign text is made visible.</summary>
internal sealed class StandardErrorLog : ILoggerProvider
{
    // Why the service did not start is thrown as well, and told in words by whoever started it; the host tells it with a stack trace.
    private const string Host = "Microsoft.Extensions.Hosting.Internal.Host";
    private const int StartFailed = 11;

    public ILogger CreateLogger(string categoryName) => new Line(categoryName);

    public void Dispose()
    {
    }

    private sealed class Line(string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (category == Host && eventId.Id == StartFailed) return;

            string level = logLevel switch { LogLevel.Critical or LogLevel.Error => "error", LogLevel.Warning => "warn ", _ => "info " };
            string time = DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
            Console.Error.WriteLine($"{time} {level} {Visible.Of(formatter(state, exception))}{(exception is null ? "" : Environment.NewLine + Visible.Of(exception.ToString(), keepLines: true))}");
        }
    }
}
