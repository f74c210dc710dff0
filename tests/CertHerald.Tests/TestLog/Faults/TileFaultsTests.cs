using System.Security.Cryptography;
using System.Text.Json;
using CertHerald.TestLog;
using CertHerald.Transparency.Heads;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>F28–F30, F33, F34, F38: tiles, issuers, notes, lists.</summary>
public sealed class TileFaultsTests
{
    [Theory]
    [InlineData("partial", 404)]
    [InlineData("partial=410", 410)]
    public async Task F28_partial_tiles_are_not_kept(string fault, int status)
    {
        await using FaultyLog log = await FaultyLog.WithAsync(fault);
        foreach (string path in new[] { "tiles/tile/data/002.p/88", "tiles/tile/0/002.p/88", "tiles/tile/1/000.p/2" }) Assert.Equal(status, await log.StatusAsync(path));
        foreach (string path in new[] { "tiles/tile/data/001", "tiles/tile/0/001" }) Assert.Equal(200, await log.StatusAsync(path));
    }

    [Fact]
    public async Task F28_tiles_lag_a_minute_behind_the_head_that_needs_them()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("tile=lag");
        log.Grow(200);
        string[] late = ["tiles/tile/data/002", "tiles/tile/0/002", "tiles/tile/data/003.p/32", "tiles/tile/1/000.p/3"];

        foreach (string path in late) Assert.Equal(404, await log.StatusAsync(path));
        Assert.Equal(200, await log.StatusAsync("tiles/tile/data/001"));
        log.Time.Advance(TimeSpan.FromSeconds(59));
        foreach (string path in late) Assert.Equal(404, await log.StatusAsync(path));
        log.Time.Advance(TimeSpan.FromSeconds(1));
        foreach (string path in late) Assert.Equal(200, await log.StatusAsync(path));
    }

    [Fact]
    public async Task F29_tiles_are_a_byte_short_a_byte_long_and_empty_in_turn()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("tile=len,on=tile,times=3");
        var lengths = new int[4];
        for (int i = 0; i < lengths.Length; i++) lengths[i] = (await log.BytesAsync("tiles/tile/0/000")).Length;
        Assert.Equal([8191, 8193, 0, 8192], lengths);
    }

    [Theory]
    [InlineData("tiles/tile/data/000", "tile=flip,on=data")]
    [InlineData("tiles/tile/0/001", "tile=flip,on=tile,at=256-511")]
    [InlineData("tiles/tile/1/000.p/2", "tile=flip,on=tile,at=0")]
    public async Task F30_a_tile_differs_from_those_above_and_below(string path, string fault)
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        byte[] honest = await log.BytesAsync(path), other = await log.BytesAsync("tiles/tile/0/002.p/88");
        log.Log.Misbehave(fault);

        byte[] flipped = await log.BytesAsync(path);

        Assert.Equal(honest.Length, flipped.Length);
        Assert.Equal(1, honest.Zip(flipped).Count(pair => pair.First != pair.Second));
        if (fault.Contains("at=", StringComparison.Ordinal)) Assert.Equal(other, await log.BytesAsync("tiles/tile/0/002.p/88"));
    }

    [Fact]
    public async Task F33_issuers_are_absent_others_or_never_come()
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        byte[] tile = await log.BytesAsync("tiles/tile/data/000");
        Assert.True(LeafFormat.TryMeasure(tile, out int at, out bool isPrecert));
        if (isPrecert) at += 3 + LeafFormat.ReadUInt24(tile.AsSpan(at));
        string path = $"tiles/issuer/{Convert.ToHexStringLower(tile.AsSpan(at + 2, 32))}";
        Assert.Equal(tile[(at + 2)..(at + 34)], SHA256.HashData(await log.BytesAsync(path)));

        log.Log.Misbehave("issuer=404,times=1");
        Assert.Equal(404, await log.StatusAsync(path));
        log.Log.Misbehave("issuer=wrong,times=1");
        Assert.NotEqual(tile[(at + 2)..(at + 34)], SHA256.HashData(await log.BytesAsync(path)));
        log.Log.Misbehave("issuer=slow,times=1");
        Task<int> never = log.StatusAsync(path);
        await Doubles.Eventually.HappensAsync(() => log.Log.Faults.Faults.Count == 0);
        Assert.Equal(200, await log.StatusAsync(path));
        Assert.False(never.IsCompleted);
    }

    [Theory]
    [InlineData("grease", true)]
    [InlineData("cosigned", true)]
    [InlineData("origin", true)]
    [InlineData("cr", false)]
    [InlineData("line", false)]
    [InlineData("failing", false)]
    public async Task F34_a_checkpoint_holds_what_it_may_and_what_it_may_not(string form, bool isRight)
    {
        await using FaultyLog log = await FaultyLog.WithAsync($"note={form}");
        Assert.True(CertHerald.Transparency.Logs.LogKey.TryCreate(log.Log.StaticCtKey.Spki.Span, out var key, out _));

        bool read = Checkpoint.TryRead(await log.BytesAsync("tiles/checkpoint"), log.Server.Origin, key, out SignedHead? head, out CheckpointReport report);

        Assert.Equal(isRight, read && VerifiedHead.Verify(head!, key, out _) == HeadFailure.None);
        Assert.Equal(form == "origin", report.ForeignOrigin is not null);
    }

    [Fact]
    public async Task F38_a_list_is_signed_and_its_version_counts_what_it_says()
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        Assert.True(await IsSignedAsync(log));
        Assert.Equal("1.0", (await log.JsonAsync("log_list.json")).GetProperty("version").GetString());

        log.Log.Misbehave("list=signature");
        Assert.False(await IsSignedAsync(log));
        log.Log.Behave();
        log.Log.Misbehave("list=retired");
        Assert.True(await IsSignedAsync(log));
        JsonElement list = await log.JsonAsync("log_list.json");
        Assert.Equal("1.1", list.GetProperty("version").GetString());
        Assert.True(list.GetProperty("operators")[0].GetProperty("logs")[0].GetProperty("state").TryGetProperty("retired", out _));
    }

    [Fact]
    public async Task F38_a_list_is_old_holds_placeholders_lies_moves_forgets_and_goes_offline()
    {
        await using FaultyLog log = await FaultyLog.StartAsync();
        Assert.Equal("0.9", (await WithAsync("version")).GetProperty("version").GetString());
        Assert.Contains("https://ct.example.com/", (await WithAsync("placeholder")).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(new byte[32], Described(await WithAsync("id")).GetProperty("log_id").GetBytesFromBase64());
        Assert.Equal("/moved/", new Uri(Described(await WithAsync("url")).GetProperty("url").GetString()!).AbsolutePath);
        Assert.Equal(0, (await WithAsync("removed")).GetProperty("operators")[0].GetProperty("logs").GetArrayLength());
        log.Log.Misbehave("list=offline");
        Assert.Equal(503, await log.StatusAsync("log_list.json"));
        Assert.Equal(200, await log.StatusAsync("ct/v1/get-sth"));

        async Task<JsonElement> WithAsync(string form)
        {
            log.Log.Misbehave($"list={form}");
            JsonElement list = await log.JsonAsync("log_list.json");
            log.Log.Behave();
            return list;
        }

        static JsonElement Described(JsonElement list) => list.GetProperty("operators")[0].GetProperty("logs")[0];
    }

    private static async Task<bool> IsSignedAsync(FaultyLog log)
    {
        using RSA key = RSA.Create();
        key.ImportSubjectPublicKeyInfo(log.Server.LogListKey.Span, out _);
        return key.VerifyData(await log.BytesAsync("log_list.json"), await log.BytesAsync("log_list.sig"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
