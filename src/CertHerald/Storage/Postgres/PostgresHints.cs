using System.Threading.Channels;
using Npgsql;

namespace CertHerald.Storage.Postgres;

/// <summary>
/// Tells other nodes that something is owed, and hears it from them. Only hints: one that is lost, or a pooler that lets none
/// through, costs the time until the next look. Outside the transactions that owe: a NOTIFY in one takes a lock on all of them.
/// </summary>
internal sealed class PostgresHints : IAsyncDisposable
{
    private const string Channel = "owed_by_certherald";

    /// <summary>Between two of our own, and before the next try to listen.</summary>
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(100), Retry = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _database;
    private readonly Action _heard;
    private readonly CancellationTokenSource _closing = new();
    // One place: however much is owed meanwhile, it is one hint.
    private readonly Channel<bool> _toTell = System.Threading.Channels.Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _telling, _listening;

    public PostgresHints(NpgsqlDataSource database, Action heard)
    {
        (_database, _heard) = (database, heard);
        _telling = TellAsync();
        _listening = ListenAsync();
    }

    /// <summary>Something is owed, and committed.</summary>
    public void Tell() => _toTell.Writer.TryWrite(true);

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await Task.WhenAll(_telling, _listening);
        _closing.Dispose();
    }

    private async Task TellAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await _toTell.Reader.ReadAsync(_closing.Token);
                await using var session = new PostgresSession(_database.CreateConnection(), _closing.Token);
                await session.OpenAsync();
                await session.PerformAsync($"NOTIFY {Channel}");
            }
            catch (Exception failure) when (failure is OperationCanceledException || PostgresStore.IsOfDatabase(failure))
            {
                // Lost: the others look by themselves.
            }
            await Task.Delay(Apart, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ListenAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                await using NpgsqlConnection connection = await _database.OpenConnectionAsync(_closing.Token);
                connection.Notification += (_, _) => _heard();
                await using (NpgsqlCommand listen = new($"LISTEN {Channel}", connection)) await listen.ExecuteNonQueryAsync(_closing.Token);
                // What was told while nobody listened.
                _heard();
                while (true) await connection.WaitAsync(_closing.Token);
            }
            catch (Exception failure) when (failure is OperationCanceledException || PostgresStore.IsOfDatabase(failure))
            {
                // Closing, or lost: listened to again soon, and looked for meanwhile.
            }
            await Task.Delay(Retry, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
