using CertHerald.Names.Lookalikes;
using CertHerald.Tests.Docs;

namespace CertHerald.Tests.Names.Lookalikes;

public sealed class ServiceHostsTests
{
    [Fact]
    public void The_documents_list_every_service_and_no_other()
    {
        string section = Repository.Text("docs/lookalikes.md").Split("### Services")[1];

        Assert.Equal(section.Split("```")[1].Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries), ServiceHosts.All.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_stands_below_a_service_is_no_alert()
    {
        LookalikeIndex index = Looking.For("facebook.com");

        foreach (string service in ServiceHosts.All) Assert.InRange(index.Score($"facebook.com.{service}"), 1, 49);
    }
}
