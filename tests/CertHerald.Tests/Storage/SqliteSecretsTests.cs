using System.Diagnostics.Metrics;
using System.Text;
using CertHerald.Storage;
using CertHerald.Storage.Secrets;
using CertHerald.Tests.Doubles;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Storage;

/// <summary>Secrets at rest: the key file, and what lies in the database's.</summary>
public sealed class SqliteSecretsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Meter _meter = new("CertHerald");

    private string KeyFile => _scratch.PathOf("secrets.key");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _meter.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Rule_8_3_the_key_file_is_made_with_the_first_secret_for_its_owner_alone()
    {
        await using (IStore store = Open())
        {
            Assert.False(File.Exists(KeyFile));
            await store.AddWebhookAsync(Webhook(), Cancellation);
        }

        Assert.Matches(@"\A[0-9a-f]{8}:[A-Za-z0-9+/]{43}=\n\z", File.ReadAllText(KeyFile));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal(["certherald.db", "certherald.lock", "secrets.key"], Directory.GetFiles(_scratch.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task T25_nothing_of_a_secret_lies_in_the_files_of_the_database()
    {
        await using IStore store = Open();
        await store.AddWebhookAsync(Webhook(), Cancellation);
        await store.ReplaceWebhookAsync(Webhook() with { Evidence = true }, Cancellation);
        await Rekey.RunAsync(store, dropOld: true, Cancellation);
        await store.RemoveWebhookAsync("siem", Cancellation);
        var app = new StoredApp(7, "an app", DateTimeOffset.UnixEpoch, [new StoredSecret("canary-of-an-app", null)], null);
        await store.AddAppAsync(app, Cancellation);
        Assert.True(await store.ReplaceAppAsync(app with { Subscription = new AppSubscription("https://h.example/canary", "meta", [], IncludeValues: true, "") }, Cancellation));

        foreach (string file in Directory.GetFiles(_scratch.Folder, "certherald.db*"))
            Assert.DoesNotContain("canary", Encoding.Latin1.GetString(Bytes(file)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task T26_a_secret_that_was_moved_to_another_webhook_is_not_opened()
    {
        await using (IStore store = Open())
        {
            await store.AddWebhookAsync(Webhook("mine"), Cancellation);
            await store.AddWebhookAsync(Webhook("theirs") with { Url = "https://theirs.example/" }, Cancellation);
        }
        Change("UPDATE added_webhook SET secrets = (SELECT secrets FROM added_webhook WHERE name = 'mine') WHERE name = 'theirs'");

        await using IStore again = Open();
        var failure = await Assert.ThrowsAsync<SecretKeyException>(() => again.AddedWebhooksAsync(Cancellation));
        Assert.Contains("moved or altered", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task T26_what_was_encrypted_for_a_webhook_fits_no_later_one_of_its_name()
    {
        byte[] old;
        await using (IStore store = Open())
        {
            await store.AddWebhookAsync(Webhook(), Cancellation);
            old = Read("SELECT url FROM added_webhook");
            await store.RemoveWebhookAsync("siem", Cancellation);
            await store.AddWebhookAsync(Webhook(), Cancellation);
        }
        Change("UPDATE added_webhook SET url = @old", old);

        await using IStore again = Open();
        await Assert.ThrowsAsync<SecretKeyException>(() => again.AddedWebhooksAsync(Cancellation));
    }

    [Fact]
    public async Task Rule_8_3_a_lost_key_file_is_refused_with_a_remedy_and_nothing_is_changed()
    {
        await using (IStore store = Open()) await store.AddWebhookAsync(Webhook(), Cancellation);
        string aside = _scratch.PathOf("aside");
        File.Move(KeyFile, aside);

        for (int i = 0; i < 2; i++)
        {
            var failure = Assert.Throws<SecretKeyException>(Open);
            Assert.Contains("is missing", failure.Message, StringComparison.Ordinal);
            Assert.Contains("backup", failure.Message, StringComparison.Ordinal);
            Assert.False(File.Exists(KeyFile));
        }

        File.Move(aside, KeyFile);
        await using IStore again = Open();
        Assert.Single(await again.AddedWebhooksAsync(Cancellation));
    }

    [Fact]
    public async Task Another_installations_key_file_is_refused()
    {
        await using (IStore store = Open()) await store.AddWebhookAsync(Webhook(), Cancellation);
        File.WriteAllText(KeyFile, SecretKey.New().ToLine());
        Assert.Contains("lacks a key", Assert.Throws<SecretKeyException>(Open).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    [InlineData(UnixFileMode.GroupWrite)]
    public async Task Rule_8_3_a_key_file_that_is_open_to_strangers_is_refused_with_a_remedy(UnixFileMode open)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "left out: Windows has no file modes");
        await using (IStore store = Open()) await store.AddWebhookAsync(Webhook(), Cancellation);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | open);

        Assert.Contains("chmod 600", Assert.Throws<SecretKeyException>(Open).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage\n")]
    [InlineData("00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")]
    [InlineData("00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nhalf")]
    public void A_damaged_key_file_is_refused_and_its_text_is_not_repeated(string text)
    {
        File.WriteAllText(KeyFile, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var failure = Assert.Throws<SecretKeyException>(Open);

        Assert.Contains("damaged", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_whose_key_is_lost_for_good_can_be_forgotten_by_name()
    {
        await using (IStore store = Open())
        {
            await store.AddWebhookAsync(Webhook(), Cancellation);
            await store.AddAppAsync(new StoredApp(457084771331516, "an app", DateTimeOffset.UnixEpoch, [new StoredSecret("a-secret-of-an-app", null)], null), Cancellation);
            await store.ChangeAppDomainsAsync(457084771331516, [], [".a.com"], 10, DateTimeOffset.UnixEpoch, Cancellation);
        }
        File.Delete(KeyFile);

        var forgotten = new List<string>();
        await using (IStore store = Stores.Open("sqlite", _scratch.Folder, TimeProvider.System, _meter, forgotten))
            await store.AddWebhookAsync(Webhook("new"), Cancellation);

        Assert.Equal(["siem", "app:457084771331516"], forgotten);
        await using IStore again = Open();
        Assert.Equal("new", Assert.Single(await again.AddedWebhooksAsync(Cancellation)).Name);
        Assert.Empty(await again.AppsAsync(Cancellation));
        Assert.Empty(await again.AppDomainsAsync(Cancellation));
    }

    [Fact]
    public async Task A_key_file_that_was_being_written_when_the_power_went_does_not_matter()
    {
        File.WriteAllText(KeyFile + ".new", "half a k");
        await using (IStore store = Open()) await store.AddWebhookAsync(Webhook(), Cancellation);
        await using IStore again = Open();
        Assert.Single(await again.AddedWebhooksAsync(Cancellation));
        Assert.False(File.Exists(KeyFile + ".new"));
    }

    private static StoredWebhook Webhook(string name = "siem") => new()
    {
        Name = name,
        Dialect = "certspotter",
        Events = ["unknown_certificate"],
        Added = DateTimeOffset.UnixEpoch,
        Url = "https://user:canary-password@siem.example.com/canary-path",
        Headers = [KeyValuePair.Create("X-Key", "canary-header")],
        Secrets = [new StoredSecret("whsec_canary", null)],
    };

    private IStore Open() => Stores.Open("sqlite", _scratch.Folder, TimeProvider.System, _meter);

    private void Change(string sql, byte[]? old = null) => With(sql, old, command => command.ExecuteNonQuery());

    private byte[] Read(string sql) => With(sql, null, command => (byte[])command.ExecuteScalar()!);

    private T With<T>(string sql, byte[]? old, Func<SqliteCommand, T> run)
    {
        using var connection = new SqliteConnection($"Data Source={_scratch.PathOf("certherald.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own text.
        command.CommandText = sql;
#pragma warning restore CA2100
        if (old is not null) command.Parameters.AddWithValue("@old", old);
        return run(command);
    }

    private static byte[] Bytes(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
