using System.Diagnostics.Metrics;
using CertHerald.Storage;
using CertHerald.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

public sealed class SqliteReviewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-store-").FullName;
    private readonly Meter _meter = new("CertHerald");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_writer_that_loses_its_connection_fails_every_write_and_keeps_nobody_waiting()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "some.db")};Pooling=False");
        connection.Open();
        using var writer = new SqliteWriter(new SqliteSession(connection), _meter);

        Task<int> lost = writer.RunAsync(
            _ =>
            {
                connection.Close();
                return 1;
            },
            Cancellation);

        await Assert.ThrowsAsync<StoreException>(() => lost);
        await Assert.ThrowsAsync<StoreException>(() => writer.RunAsync(_ => 2, Cancellation));
    }
}
