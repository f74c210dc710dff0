using CertHerald.Names.Lookalikes;

namespace CertHerald.Tests.Names.Lookalikes;

/// <summary>Protected labels of less than five characters: slips, letters that join, marks and hyphens make other words of them.</summary>
public sealed class ShortDomainTests
{
    [Theory]
    [InlineData("zmqk.com", "zrnqk.com")]
    [InlineData("zmqk.com", "zrnqk.ml")]
    [InlineData("zmqk.com", "z-mqk.com")]
    [InlineData("zmqk.com", "zm-qk.ml")]
    [InlineData("zmqk.com", "xn--zmq-9ua.com")]
    [InlineData("zmqk.com", "zmqq.com")]
    [InlineData("zmqk.com", "login-zrnqk.com")]
    [InlineData("zwqk.com", "zvvqk.com")]
    [InlineData("zdqk.com", "zclqk.com")]
    [InlineData("zmq.com", "zrnq.com")]
    [InlineData("zmq.com", "z-mq.com")]
    [InlineData("zmq.com", "z-mq.ml")]
    [InlineData("zmq.com", "zrnq.ml")]
    [InlineData("zmq.com", "zrnq.com.evil.com")]
    [InlineData("zm.com", "z-m.ml")]
    [InlineData("zm.com", "zrn.com")]
    [InlineData("zmqk.com", "zm.qk.ml")]
    [InlineData("z-mq.com", "zmq.ml")]
    public void Of_few_characters_joined_letters_hyphens_dots_marks_and_slips_are_nothing(string domain, string name)
    {
        LookalikeIndex bare = Looking.For(domain);

        foreach (LookalikeIndex index in (LookalikeIndex[])[bare, Looking.Weighed(bare)]) Assert.InRange(index.Score(name), 0, 49);
        Assert.Empty(Looking.Weighed(bare).Judge(name));
    }

    [Theory]
    [InlineData("zmqk.com", "zm9k.com", LookalikeClass.AsciiHomoglyph)]
    [InlineData("zmqk.com", "xn--zqk-ked.com", LookalikeClass.IdnHomograph)]
    [InlineData("zmqk.com", "zmqk.com.evil.com", LookalikeClass.TargetEmbedding)]
    [InlineData("zmq.com", "zmq.com.evil.com", LookalikeClass.TargetEmbedding)]
    [InlineData("zmqk.com", "zmqk-login.net", LookalikeClass.ComboHyphen)]
    [InlineData("zmqkx.com", "zrnqkx.com", LookalikeClass.AsciiHomoglyph)]
    public void What_is_left_of_them_is_an_alert(string domain, string name, LookalikeClass expected)
    {
        Lookalike judged = Assert.Single(Looking.Weighed(Looking.For(domain)).Judge(name));

        Assert.True(judged.IsAlert, $"{judged.Score}");
        Assert.Equal(expected, judged.Class);
    }
}
