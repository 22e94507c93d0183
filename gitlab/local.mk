# slipway's own images (gitlab/image), as OCI layouts below image/.
.PHONY: image
image: slipway
	$(SHELL) $(srcdir)/gitlab/image/make.sh ./slipway '$(PACKAGE_VERSION)' image

clean-local: clean-image
.PHONY: clean-image
clean-image:
	rm -rf image
