using CertHerald.Transparency.Certificates;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Lengths and tags of X.690 §8.1, as permitted and as found.</summary>
public sealed class DerReaderTests
{
    [Theory]
    [InlineData("0400", 0x04, "", false)]
    [InlineData("0402AABB", 0x04, "AABB", false)]
    [InlineData("048102AABB", 0x04, "AABB", true)]
    [InlineData("04820002AABB", 0x04, "AABB", true)]
    [InlineData("04880000000000000002AABB", 0x04, "AABB", true)]
    [InlineData("308004010004000000", 0x30, "0401000400", true)]
    [InlineData("3080308000000401000000", 0x30, "30800000040100", true)]
    [InlineData("1F810102AABB", 0x1F, "AABB", false)]
    [InlineData("DFFFFFFF7F01CC", 0xDF, "CC", false)]
    public void A_value_is_read_to_its_end(string hex, byte tag, string content, bool isBer)
    {
        var reader = new DerReader(Convert.FromHexString(hex));

        Assert.True(reader.TryRead(out DerValue value));

        Assert.Equal(tag, value.Tag);
        Assert.Equal(content, Convert.ToHexString(value.Content));
        Assert.Equal(isBer, value.IsBer);
        Assert.Equal(hex, Convert.ToHexString(value.Encoded));
        Assert.True(reader.IsAtEnd);
    }

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("0401")]
    [InlineData("0481")]
    [InlineData("048101")]
    [InlineData("0484FFFFFFFFAA")]
    [InlineData("04847FFFFFFFAA")]
    [InlineData("0485010000000000")]
    [InlineData("04FF00")]
    [InlineData("0480AA0000")]
    [InlineData("3080")]
    [InlineData("308000")]
    [InlineData("3080040500")]
    [InlineData("1F")]
    [InlineData("1F8181818181810100")]
    [InlineData("1F01")]
    public void What_cannot_be_read_does_not_move_the_reader(string hex)
    {
        var reader = new DerReader(Convert.FromHexString(hex));

        Assert.False(reader.TryRead(out DerValue value));
        Assert.True(value.Encoded.IsEmpty && value.Content.IsEmpty && value.Contents.IsAtEnd);
        Assert.Equal(0, reader.Offset);
        Assert.Equal(hex, Convert.ToHexString(reader.Rest));
    }

    [Fact]
    public void Another_tag_does_not_move_the_reader()
    {
        var reader = new DerReader([0x04, 0x01, 0xAA, 0x02, 0x01, 0x05]);

        Assert.False(reader.TryRead(0x02, out DerValue _));
        Assert.True(reader.TryRead(0x04, out ReadOnlySpan<byte> octets));
        Assert.True(reader.TryRead(0x02, out DerValue number));
        Assert.False(reader.TryRead(0x00, out DerValue _));

        Assert.Equal([0xAA], octets.ToArray());
        Assert.Equal(3, number.Offset);
        Assert.Equal(5, number.ContentOffset);
        Assert.True(reader.IsAtEnd);
        Assert.Equal(0, reader.NextTag);
    }

    [Fact]
    public void Offsets_inside_a_value_count_from_the_outermost_start()
    {
        var reader = new DerReader([0x05, 0x00, 0x30, 0x04, 0x31, 0x02, 0x05, 0x00]);
        reader.TryRead(out _);
        reader.TryRead(0x30, out DerValue sequence);
        DerReader inner = sequence.Contents;
        inner.TryRead(0x31, out DerValue set);
        set.Contents.TryRead(out DerValue nothing);

        Assert.Equal([2, 4, 6], new[] { sequence.Offset, set.Offset, nothing.Offset });
        Assert.True(sequence.IsConstructed);
        Assert.False(nothing.IsConstructed);
        Assert.Equal(0x10, sequence.TagNumber);
    }

    [Fact]
    public void A_million_open_values_are_refused_at_once()
    {
        byte[] open = [.. Enumerable.Repeat<byte[]>([0x30, 0x80], 1_000_000).SelectMany(b => b), 0, 0];
        var reader = new DerReader(open);

        Assert.False(reader.TryRead(out DerValue _));
    }
}
