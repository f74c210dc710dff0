using System.Text;
using CertHerald.Names;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Names;

/// <summary>Samples are those of RFC 3492 §7.1, by their letters.</summary>
public sealed class PunycodeTests
{
    [Theory]
    [InlineData("A Arabic", "\u0644\u064A\u0647\u0645\u0627\u0628\u062A\u0643\u0644\u0645\u0648\u0634\u0639\u0631\u0628\u064A\u061F", "egbpdaj6bu4bxfgehfvwxn")]
    [InlineData("B Chinese, simplified", "\u4ED6\u4EEC\u4E3A\u4EC0\u4E48\u4E0D\u8BF4\u4E2D\u6587", "ihqwcrb4cv8a8dqg056pqjye")]
    [InlineData("C Chinese, traditional", "\u4ED6\u5011\u7232\u4EC0\u9EBD\u4E0D\u8AAA\u4E2D\u6587", "ihqwctvzc91f659drss3x8bo0yb")]
    [InlineData("D Czech", "Pro\u010Dprost\u011Bnemluv\u00ED\u010Desky", "Proprostnemluvesky-uyb24dma41a")]
    [InlineData("E Hebrew", "\u05DC\u05DE\u05D4\u05D4\u05DD\u05E4\u05E9\u05D5\u05D8\u05DC\u05D0\u05DE\u05D3\u05D1\u05E8\u05D9\u05DD\u05E2\u05D1\u05E8\u05D9\u05EA", "4dbcagdahymbxekheh6e0a7fei0b")]
    [InlineData("F Hindi", "\u092F\u0939\u0932\u094B\u0917\u0939\u093F\u0928\u094D\u0926\u0940\u0915\u094D\u092F\u094B\u0902\u0928\u0939\u0940\u0902\u092C\u094B\u0932\u0938\u0915\u0924\u0947\u0939\u0948\u0902", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd")]
    [InlineData("G Japanese", "\u306A\u305C\u307F\u3093\u306A\u65E5\u672C\u8A9E\u3092\u8A71\u3057\u3066\u304F\u308C\u306A\u3044\u306E\u304B", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa")]
    [InlineData("H Korean", "\uC138\uACC4\uC758\uBAA8\uB4E0\uC0AC\uB78C\uB4E4\uC774\uD55C\uAD6D\uC5B4\uB97C\uC774\uD574\uD55C\uB2E4\uBA74\uC5BC\uB9C8\uB098\uC88B\uC744\uAE4C", "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c")]
    [InlineData("I Russian", "\u043F\u043E\u0447\u0435\u043C\u0443\u0436\u0435\u043E\u043D\u0438\u043D\u0435\u0433\u043E\u0432\u043E\u0440\u044F\u0442\u043F\u043E\u0440\u0443\u0441\u0441\u043A\u0438", "b1abfaaepdrnnbgefbadotcwatmq2g4l")]
    [InlineData("J Spanish", "Porqu\u00E9nopuedensimplementehablarenEspa\u00F1ol", "PorqunopuedensimplementehablarenEspaol-fmd56a")]
    [InlineData("K Vietnamese", "T\u1EA1isaoh\u1ECDkh\u00F4ngth\u1EC3ch\u1EC9n\u00F3iti\u1EBFngVi\u1EC7t", "TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g")]
    [InlineData("L", "3\u5E74B\u7D44\u91D1\u516B\u5148\u751F", "3B-ww4c5e180e575a65lsy2b")]
    [InlineData("M", "\u5B89\u5BA4\u5948\u7F8E\u6075-with-SUPER-MONKEYS", "-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n")]
    [InlineData("N", "Hello-Another-Way-\u305D\u308C\u305E\u308C\u306E\u5834\u6240", "Hello-Another-Way--fc4qua05auwb3674vfr0b")]
    [InlineData("O", "\u3072\u3068\u3064\u5C4B\u6839\u306E\u4E0B2", "2-u9tlzr9756bt3uc0v")]
    [InlineData("P", "Maji\u3067Koi\u3059\u308B5\u79D2\u524D", "MajiKoi5-783gue6qz075azm5e")]
    [InlineData("Q", "\u30D1\u30D5\u30A3\u30FCde\u30EB\u30F3\u30D0", "de-jg4avhby1noc0d")]
    [InlineData("R", "\u305D\u306E\u30B9\u30D4\u30FC\u30C9\u3067", "d9juau41awczczp")]
    [InlineData("S", "-> $1.00 <-", "-> $1.00 <--")]
    [InlineData("beyond the BMP", "\U0001F4A9", "ls8h")]
    [InlineData("nothing", "", "")]
    public void Samples_of_the_rfc_encode_and_decode(string sample, string unicode, string ascii)
    {
        Assert.True(Punycode.TryEncode(unicode, out string encoded), sample);
        Assert.Equal(ascii, encoded);
        Assert.True(Punycode.TryDecode(ascii, out string decoded), sample);
        Assert.Equal(unicode, decoded);
    }

    [Theory]
    [InlineData("ü", "not ASCII")]
    [InlineData("a-!", "no digit")]
    [InlineData("99999999", "overflow")]
    [InlineData("a-9", "ends within a number")]
    [InlineData("ib9b", "U+D800")]
    public void What_is_not_punycode_is_refused(string ascii, string why)
    {
        Assert.False(Punycode.TryDecode(ascii, out string unicode), $"{why}: {ascii}");
        Assert.Equal("", unicode);
    }

    [Fact]
    public void Half_a_surrogate_pair_and_64_code_points_do_not_encode()
    {
        Assert.False(Punycode.TryEncode("a\ud83d", out _));
        Assert.False(Punycode.TryEncode("\udca9b", out _));
        Assert.True(Punycode.TryEncode(string.Concat(Enumerable.Repeat("\U0001F4A9", 63)), out _));
        Assert.False(Punycode.TryEncode(new string('ü', 64), out _));
    }

    [Fact]
    public void More_than_256_characters_do_not_decode()
    {
        Assert.True(Punycode.TryDecode(new string('a', 255) + "-", out string all));
        Assert.Equal(255, all.Length);
        Assert.False(Punycode.TryDecode(new string('a', 256) + "-", out _));
    }

    [Fact]
    public void Whatever_encodes_decodes_to_itself()
    {
        Gen<string> text = Gen.OneOf(Gen.Choose(0, 0xd7ff), Gen.Choose(0xe000, 0x10ffff), Gen.Choose('-', 'z'), Gen.Choose(0x80, 0x250))
            .ListOf().Resize(60).Select(points => string.Concat(points.Take(63).Select(point => new Rune(point).ToString())));

        Prop.ForAll(text.ToArbitrary(), sample =>
            Punycode.TryEncode(sample, out string encoded) && Punycode.TryDecode(encoded, out string decoded) && decoded == sample).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Whatever_decodes_encodes_to_itself_in_lower_case_digits()
    {
        Gen<string> ascii = Gen.Elements("abcdefghijklmnopqrstuvwxyz0123456789-".ToCharArray()).ListOf().Resize(12).Select(string.Concat);

        Prop.ForAll(ascii.ToArbitrary(), sample =>
            !Punycode.TryDecode(sample, out string decoded) || decoded.All(char.IsAscii) || decoded.Length > 63
            || (Punycode.TryEncode(decoded, out string again) && again == sample)).QuickCheckThrowOnFailure();
    }
}
