using System.Text;
using CertHerald.Storage.Secrets;

namespace CertHerald.Tests.Storage.Secrets;

public sealed class SecretBoxTests
{
    private static readonly SecretKey Key = SecretKey.New();
    private static readonly SecretPlace Place = new("added_webhook", "url", 7);

    [Fact]
    public void E11_Rule_8_3_a_box_is_version_key_nonce_ciphertext_and_tag()
    {
        byte[] secret = "canary"u8.ToArray(), box = SecretBox.Seal(Key, Place, secret);

        Assert.Equal(1 + 4 + 12 + secret.Length + 16, box.Length);
        Assert.Equal(1, box[0]);
        Assert.Equal(Key.Id, SecretBox.KeyOf(box));
        Assert.Equal(secret, SecretBox.Open(Key, Place, box));
        Assert.DoesNotContain("canary", Encoding.Latin1.GetString(box), StringComparison.Ordinal);
    }

    [Fact]
    public void E11_Rule_8_3_the_nonce_is_another_each_time() =>
        Assert.Equal(1_000, Enumerable.Range(0, 1_000).Select(_ => Convert.ToHexString(SecretBox.Seal(Key, Place, []).AsSpan(5, 12))).Distinct().Count());

    [Theory]
    [InlineData("added_webhook", "url", 8)]
    [InlineData("added_webhook", "secrets", 7)]
    [InlineData("webhook", "url", 7)]
    public void T26_a_box_that_was_moved_does_not_open(string table, string column, long row) =>
        Assert.Null(SecretBox.Open(Key, new SecretPlace(table, column, row), SecretBox.Seal(Key, Place, "canary"u8)));

    [Fact]
    public void E11_Rule_8_3_a_box_of_which_one_bit_was_altered_does_not_open()
    {
        byte[] box = SecretBox.Seal(Key, Place, "canary"u8);
        for (int bit = 0; bit < box.Length * 8; bit++)
        {
            byte[] altered = [.. box];
            altered[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(SecretBox.Open(Key, Place, altered));
        }
    }

    [Fact]
    public void Bytes_that_are_no_box_are_told_from_one()
    {
        byte[] box = SecretBox.Seal(Key, Place, []);
        Assert.NotNull(SecretBox.Open(Key, Place, box));
        for (int length = 0; length < box.Length; length++) Assert.Null(SecretBox.KeyOf(box.AsSpan(0, length)));
        Assert.Null(SecretBox.Open(SecretKey.New(), Place, box));
    }

    [Fact]
    public void A_key_is_read_back_from_its_line_and_does_not_show_itself()
    {
        Assert.Equal(Key.Bytes, SecretKey.Of(Key.ToLine())!.Bytes);
        Assert.Equal(Key.Id, SecretKey.Of(Key.ToLine())!.Id);
        Assert.Equal(8, Key.ToString().Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000g:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("00000001:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("00000001 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void A_line_that_is_no_key_is_told_from_one(string line) => Assert.Null(SecretKey.Of(line));
}
