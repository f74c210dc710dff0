using System.Buffers.Binary;
using CertHerald.TestLog;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog.Faults;

/// <summary>F19–F23, F31, F41: what stands in the tree, in truth.</summary>
public sealed class AddingFaultsTests
{
    private const ulong Size = 300;

    [Fact]
    public async Task F19_the_same_leaf_stands_twice_and_the_lower_index_is_found()
    {
        await using FaultyLog log = await FaultyLog.StartAsync(Size, "dup,at=100");
        Assert.Equal(Size + 1, log.Log.Size.Value);
        Assert.Equal(log.Log.LeafHashAt(new(100)), log.Log.LeafHashAt(new(101)));
        Assert.Equal(new EntryIndex(100), log.Log.FindLeaf(log.Log.LeafHashAt(new(101)), log.Log.Size));
        await IsTrueAsync(log);
        // What follows says where it stands now.
        Assert.Equal(299UL, IndexIn(log.Log.ReadEntry(new(299)).LeafInput));
    }

    [Theory]
    [InlineData("type")]
    [InlineData("version")]
    [InlineData("cut")]
    [InlineData("tail")]
    public async Task F20_an_unreadable_entry_stands_beside_the_others(string form)
    {
        await using FaultyLog log = await FaultyLog.StartAsync(Size, $"entry={form},at=50");
        await using FaultyLog honest = await FaultyLog.StartAsync(Size);
        Assert.Equal(Size + 1, log.Log.Size.Value);
        Assert.Equal(honest.Log.ReadEntry(new(49)).LeafInput, log.Log.ReadEntry(new(49)).LeafInput);
        Assert.Equal(honest.Log.ReadEntry(new(50)).LeafInput.Length, log.Log.ReadEntry(new(51)).LeafInput.Length);
        byte[] odd = (await log.EntriesAsync(50, 50))[0].LeafInput;
        Assert.False(LeafFormat.TryMeasure(odd.AsSpan(2), out int length, out _) && length == odd.Length - 2 && odd[0] == 0);
        Assert.Equal((await log.HeadAsync(LogProtocol.Rfc6962)).Root, await log.RootOfEntriesAsync(Size + 1));
    }

    [Fact]
    public async Task F20_an_entry_has_16_MB()
    {
        await using FaultyLog log = await FaultyLog.StartAsync(10, "entry=big,at=5");
        Assert.Equal((1 << 24) - 1 + 17 + 8, (await log.EntriesAsync(5, 5))[0].LeafInput.Length);
        await IsTrueAsync(log);
    }

    [Fact]
    public async Task F21_side_data_is_anothers_absent_or_disordered_and_leaves_are_as_they_were()
    {
        await using FaultyLog honest = await FaultyLog.StartAsync(Size);
        foreach (string form in new[] { "foreign", "none", "disordered" })
        {
            await using FaultyLog log = await FaultyLog.StartAsync(Size, $"extra={form}");
            Assert.Equal(honest.Log.Head.Root, log.Log.Head.Root);
            int changed = 0;
            for (ulong i = 0; i < Size; i++)
                if (!honest.Log.ReadEntry(new(i)).ExtraData.AsSpan().SequenceEqual(log.Log.ReadEntry(new(i)).ExtraData)) changed++;
            Assert.InRange(changed, form == "foreign" ? 1 : (int)Size, (int)Size);
            await IsTrueAsync(log);
        }
    }

    [Fact]
    public async Task F22_precertificates_come_through_a_signing_certificate_with_the_names_they_had()
    {
        await using FaultyLog log = await FaultyLog.StartAsync(40, "preca");
        await using FaultyLog honest = await FaultyLog.StartAsync(40);
        int precertificates = 0;
        for (ulong i = 0; i < 40; i++)
        {
            (byte[] leaf, byte[] extra) = log.Log.ReadEntry(new(i));
            (byte[] before, _) = honest.Log.ReadEntry(new(i));
            if (BinaryPrimitives.ReadUInt16BigEndian(leaf.AsSpan(10)) == 0)
            {
                Assert.Equal(before, leaf);
                continue;
            }
            precertificates++;
            byte[] precertificate = extra[3..(3 + LeafFormat.ReadUInt24(extra))];
            byte[] signer = extra[(precertificate.Length + 9)..][..LeafFormat.ReadUInt24(extra.AsSpan(precertificate.Length + 6))];
            Assert.True(CertificateParts.Read(signer)!.SignsPrecertificates);
            Assert.Equal(CertificateParts.Read(honest.Log.ReadEntry(new(i)).ExtraData[3..])!.Extension("2.5.29.17")!.RawData, CertificateParts.Read(precertificate)!.Extension("2.5.29.17")!.RawData);
        }
        Assert.InRange(precertificates, 1, 40);
        await IsTrueAsync(log);
    }

    [Fact]
    public async Task F23_timestamps_are_out_of_order_within_the_merge_delay()
    {
        await using FaultyLog log = await FaultyLog.StartAsync(Size, "time=2");
        await using FaultyLog honest = await FaultyLog.StartAsync(Size);
        ulong[] before = Timestamps(honest.Log), after = Timestamps(log.Log);
        Assert.All(before.Zip(after), pair => Assert.InRange(pair.First - pair.Second, 0UL, 7_200_000UL));
        Assert.NotEqual(after.Order(), after);
        await IsTrueAsync(log);

        static ulong[] Timestamps(Log of) => [.. Enumerable.Range(0, (int)Size).Select(i => BinaryPrimitives.ReadUInt64BigEndian(of.ReadEntry(new((ulong)i)).LeafInput.AsSpan(2)))];
    }

    [Theory]
    [InlineData("absent", "770003010203")]
    [InlineData("wrong", "0000050000000008")]
    [InlineData("second", "7700030102030000050000000007")]
    [InlineData("archival", "")]
    public async Task F31_leaf_index_is_absent_wrong_second_or_never_was(string form, string extensions)
    {
        await using FaultyLog log = await FaultyLog.StartAsync(10, $"ext={form},at=7");
        byte[] expected = [0, (byte)(extensions.Length / 2), .. Convert.FromHexString(extensions)];
        Assert.Equal(expected, log.Log.ReadEntry(new(7)).LeafInput[^expected.Length..]);
        Assert.Equal(8UL, IndexIn(log.Log.ReadEntry(new(8)).LeafInput));
        await IsTrueAsync(log);
    }

    [Fact]
    public async Task F41_a_log_grows_by_itself_every_second()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("grow=50,for=10s");
        log.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(650UL, (await log.HeadAsync(LogProtocol.Rfc6962)).Size);
        log.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.InRange((await log.HeadAsync(LogProtocol.StaticCt)).Size, 1050UL, 1100UL);
        Assert.Empty(log.Log.Faults.Faults);
        await IsTrueAsync(log);
    }

    [Fact]
    public async Task A_submitted_chain_is_shaped_too_while_the_log_runs()
    {
        await using FaultyLog log = await FaultyLog.WithAsync("entry=tail,times=1");
        using var ca = new TestCa();
        AddedEntry added = log.Log.AddChain(ca.Issue("a.example").Chain), next = log.Log.AddChain(ca.Issue("b.example").Chain);
        Assert.Equal((601UL, 602UL, 603UL), (added.Index.Value, next.Index.Value, log.Log.Size.Value));
    }

    private static ulong IndexIn(byte[] leafInput) => BinaryPrimitives.ReadUInt64BigEndian(leafInput.AsSpan(leafInput.Length - 8)) & 0xff_ffff_ffff;

    /// <summary>Both protocols serve what the head says.</summary>
    private static async Task IsTrueAsync(FaultyLog log)
    {
        byte[] root = (await log.HeadAsync(LogProtocol.Rfc6962)).Root;
        Assert.Equal(root, await log.RootOfEntriesAsync(log.Log.Head.Size.Value));
        Assert.Equal(root, await log.RootOfTilesAsync(log.Log.Head.Size.Value));
    }
}
