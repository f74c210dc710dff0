using CertHerald.Storage;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of keys, users, sessions and the trail of changes.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task An_api_key_comes_back_as_it_was_and_its_prefix_is_taken_once()
    {
        StoredApiKey key = Key("abcd", hours: 1);

        Assert.True(await Store.AddApiKeyAsync(key, Cancellation));
        Assert.False(await Store.AddApiKeyAsync(key with { Name = "another", Hash = [9] }, Cancellation));

        StoredApiKey found = (await Store.FindApiKeyAsync("abcd", Cancellation))!;
        Assert.Equal((key.Prefix, key.Name, key.Created, key.Expires), (found.Prefix, found.Name, found.Created, found.Expires));
        Assert.Equal(key.Hash, found.Hash);
        Assert.Equal(["read", "watch"], found.Scopes);
        Assert.Equal((null, null), (found.LastUsed, found.Revoked));
        Assert.Null(await Store.FindApiKeyAsync("abce", Cancellation));
        Assert.Null(await Store.FindApiKeyAsync("ABCD", Cancellation));
    }

    [Fact]
    public async Task Api_keys_are_listed_newest_first_used_and_revoked_for_good()
    {
        foreach ((string prefix, int hours) in ((string, int)[])[("old", 0), ("new", 2), ("mid", 1)]) Assert.True(await Store.AddApiKeyAsync(Key(prefix, hours), Cancellation));
        DateTimeOffset now = Time.GetUtcNow().AddHours(3);

        await Store.UseApiKeyAsync("mid", now, Cancellation);
        Assert.True(await Store.RevokeApiKeyAsync("old", now, Cancellation));
        Assert.False(await Store.RevokeApiKeyAsync("old", now.AddHours(1), Cancellation));
        Assert.False(await Store.RevokeApiKeyAsync("nobody", now, Cancellation));
        await ReopenAsync();

        IReadOnlyList<StoredApiKey> all = await Store.ApiKeysAsync(Cancellation);
        Assert.Equal(["new", "mid", "old"], all.Select(one => one.Prefix));
        Assert.Equal([null, now, null], all.Select(one => one.LastUsed));
        Assert.Equal([null, null, now], all.Select(one => one.Revoked));
    }

    [Fact]
    public async Task A_users_password_is_set_changed_and_removed_and_names_are_told_apart_by_case()
    {
        DateTimeOffset now = Time.GetUtcNow();
        Assert.True(await Store.SetPasswordAsync(new StoredUser("zoë", "first", now), Cancellation));
        Assert.True(await Store.SetPasswordAsync(new StoredUser("Zoë", "other", now), Cancellation));
        Assert.True(await Store.SetPasswordAsync(new StoredUser("adam", "third", now), Cancellation));
        Assert.False(await Store.SetPasswordAsync(new StoredUser("zoë", "second", now.AddHours(1)), Cancellation));

        Assert.Equal(new StoredUser("zoë", "second", now.AddHours(1)), await Store.FindUserAsync("zoë", Cancellation));
        Assert.Equal(["Zoë", "adam", "zoë"], (await Store.UsersAsync(Cancellation)).Select(user => user.Name));
        Assert.True(await Store.RemoveUserAsync("zoë", Cancellation));
        Assert.False(await Store.RemoveUserAsync("zoë", Cancellation));
        Assert.Null(await Store.FindUserAsync("zoë", Cancellation));
    }

    [Fact]
    public async Task A_users_sessions_end_with_the_password_that_they_began_with()
    {
        DateTimeOffset now = Time.GetUtcNow();
        TimeSpan idle = TimeSpan.FromHours(1);
        StoredUser before = new("adam", "first", now), after = before with { Password = "second" }, other = new("eve", "hers", now);
        await Store.SetPasswordAsync(before, Cancellation);
        await Store.SetPasswordAsync(other, Cancellation);
        Assert.True(await Store.AddSessionAsync([1], before, now, now.AddHours(8), Cancellation));
        Assert.True(await Store.AddSessionAsync([2], other, now, now.AddHours(8), Cancellation));
        await Store.AddSessionAsync([3], now, now.AddHours(8), Cancellation);

        await Store.SetPasswordAsync(after, Cancellation);

        Assert.Null(await Store.FindSessionAsync([1], now, idle, Cancellation));
        Assert.Equal(new StoredSession("eve", now), await Store.FindSessionAsync([2], now, idle, Cancellation));
        Assert.Equal(new StoredSession(null, now), await Store.FindSessionAsync([3], now, idle, Cancellation));
        Assert.False(await Store.AddSessionAsync([4], before, now, now.AddHours(8), Cancellation));
        Assert.True(await Store.AddSessionAsync([5], after, now, now.AddHours(8), Cancellation));
        Assert.True(await Store.RemoveUserAsync("adam", Cancellation));
        Assert.Null(await Store.FindSessionAsync([5], now, idle, Cancellation));
        Assert.False(await Store.AddSessionAsync([6], after, now, now.AddHours(8), Cancellation));
    }

    [Fact]
    public async Task A_session_is_shown_while_it_is_used_and_forgotten_when_it_has_expired()
    {
        DateTimeOffset now = Time.GetUtcNow();
        TimeSpan idle = TimeSpan.FromMinutes(30);
        await Store.AddSessionAsync([1], now, now.AddHours(1), Cancellation);
        await Store.TouchSessionAsync([1], now.AddMinutes(20), idle, Cancellation);

        Assert.Equal(now.AddMinutes(20), (await Store.FindSessionAsync([1], now.AddMinutes(49), idle, Cancellation))!.Used);
        Assert.Null(await Store.FindSessionAsync([1], now.AddMinutes(50), idle, Cancellation));
        Assert.Null(await Store.FindSessionAsync([1], now.AddHours(1), TimeSpan.FromDays(1), Cancellation));
        // The next sign-in sweeps it away.
        await Store.AddSessionAsync([2], now.AddHours(2), now.AddHours(3), Cancellation);
        Assert.Null(await Store.FindSessionAsync([1], now, idle, Cancellation));
    }

    [Fact]
    public async Task Rule_11_2_a_change_and_its_line_in_the_trail_are_one_transaction_and_one_line()
    {
        AuditNote.Current = new AuditNote(Time.GetUtcNow(), "abcd", "POST", "/api/domains/example.com");
        try
        {
            Assert.True(await Store.AddItemAsync(new AddedItem("example.com", Time.GetUtcNow()), Cancellation));
            Assert.True(AuditNote.Current.IsWritten);
            Assert.True(await Store.AddItemAsync(new AddedItem("example.org", Time.GetUtcNow()), Cancellation));

            AuditNote.Current = new AuditNote(Time.GetUtcNow(), "abcd", "POST", "/api/domains/example.net");
            Assert.False(await Store.AddItemAsync(new AddedItem("example.com", Time.GetUtcNow()), Cancellation));
            Assert.False(AuditNote.Current.IsWritten, "what changed nothing was recorded as done");
            await Store.AddAuditAsync(AuditNote.Current, "refused 409", Cancellation);
            Assert.True(AuditNote.Current.IsWritten);
        }
        finally
        {
            AuditNote.Current = null;
        }
        await Store.RemoveItemAsync("example.org", Cancellation);

        IReadOnlyList<AuditEntry> trail = await Store.AuditAsync(null, 10, Cancellation);
        Assert.Equal(
            [("/api/domains/example.net", "refused 409"), ("/api/domains/example.com", "done")], trail.Select(entry => (entry.Resource, entry.Outcome)));
        Assert.Equal((Time.GetUtcNow(), "abcd", "POST"), (trail[1].At, trail[1].Who, trail[1].Method));
    }

    [Fact]
    public async Task The_trail_is_paged_newest_first_and_holds_whatever_was_asked_for()
    {
        for (int i = 0; i < 5; i++) await Store.AddAuditAsync(new AuditNote(Time.GetUtcNow(), "local", "DELETE", $"/api/domains/{i}\0'\ud800"), "done", Cancellation);

        IReadOnlyList<AuditEntry> first = await Store.AuditAsync(null, 2, Cancellation), second = await Store.AuditAsync(first[^1].Id, 10, Cancellation);

        Assert.Equal(["4", "3", "2", "1", "0"], first.Concat(second).Select(entry => entry.Resource.Substring("/api/domains/".Length, 1)));
    }

    private StoredApiKey Key(string prefix, int hours) =>
        new(prefix, [1, 2, 3], "for the pipeline", ["read", "watch"], Time.GetUtcNow().AddHours(hours), Time.GetUtcNow().AddDays(90));
}
